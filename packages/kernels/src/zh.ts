import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "kernels in WebAssembly: expected to need at most {0} bytes, this call needs {1}; use shorter sequences or another engine":
    "WebAssembly 内核：至多可用 {0} 字节，此次调用需要 {1} 字节；请使用更短的序列或其他引擎",
  "the SIMD kernels cannot be loaded: {0}": "无法加载 SIMD 内核：{0}",
  '{0}: expected a count of threads from 1 on, got "{1}"': "{0}：应为不小于 1 的线程数，实为“{1}”",
  "level of processor features {0}: this processor does not have it; it has {1}":
    "处理器功能级别 {0}：此处理器没有；它有 {1}",
  'level of processor features: expected one of {0}, got "{1}"': "处理器功能级别：应为 {0} 之一，实为“{1}”",
  "The native kernels are turned off by LATHE_NATIVE=off.": "原生内核已由 LATHE_NATIVE=off 关闭。",
  "The native kernels could not be loaded.": "无法加载原生内核。",
  "This is {0}, Node {1}.": "此系统为 {0}，Node {1}。",
  "  - {0}": "  - {0}",
  "{0}: made for another version of this package": "{0}：为此软件包的其他版本所制",
  "{0}: not there": "{0}：不存在",
  "The last build says: {0}": "上次构建的结果：{0}",
  "the native kernels are not built for this platform": "原生内核不为此平台构建",
  "no C++ compiler was found (looked for {0} and {1})": "未找到 C++ 编译器（已查找 {0} 和 {1}）",
  "they did not compile; build them again to see the compiler's complaints":
    "编译失败；请重新构建以查看编译器的报错",
  "What helps:": "解决办法：",
  "  - in a clone: install a C++ compiler (Debian: apt-get install g++, macOS: xcode-select --install) and run: npm run build":
    "  - 在源码目录中：安装 C++ 编译器（Debian：apt-get install g++，macOS：xcode-select --install），然后运行：npm run build",
  "  - installed from npm: npm install @lathe/kernels-{0}, or with a compiler: node node_modules/@lathe/kernels/scripts/build-native.mjs":
    "  - 由 npm 安装时：npm install @lathe/kernels-{0}；若有编译器，也可运行：node node_modules/@lathe/kernels/scripts/build-native.mjs",
};
