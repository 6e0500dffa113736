import type { Translations } from "@lathe/files";

/** 引擎。 */
export const enginesPhrases: Translations = {
  "plain JavaScript, one thread, float32; slow": "纯 JavaScript，单线程，float32；较慢",
  "WebAssembly SIMD, one thread, float32": "WebAssembly SIMD，单线程，float32",
  "C++ kernels ({0}), {1} threads": "C++ 内核（{0}），{1} 线程",
  "C++ kernels": "C++ 内核",
  "TensorFlow {0} on the CPU, no card in use": "TensorFlow {0}，在 CPU 上，未使用显卡",
  "TensorFlow on the CPU": "CPU 上的 TensorFlow",
  "TensorFlow on an NVIDIA card": "NVIDIA 显卡上的 TensorFlow",
  "TensorFlow {0} on {1}{2}": "TensorFlow {0}，在 {1} 上{2}",
  "it did not start: {0}": "未能启动：{0}",
  "The native kernels are turned off by LATHE_NATIVE=off.": "原生内核已由 LATHE_NATIVE=off 关闭。",
  "The native kernels could not be loaded.": "无法加载原生内核。",
  "What helps:": "解决办法：",
  "  - in a clone: install a C++ compiler (Debian: apt-get install g++, macOS: xcode-select --install) and run: npm run build":
    "  - 在源码目录中：安装 C++ 编译器（Debian：apt-get install g++，macOS：xcode-select --install），然后运行：npm run build",
  "no TensorFlow has been set up for Node {0}; run setupTensorFlow()":
    "尚未为 Node {0} 配置 TensorFlow；请运行 setupTensorFlow()",
  "{0} cannot be read ({1}); run setupTensorFlow() again":
    "无法读取 {0}（{1}）；请重新运行 setupTensorFlow()",
  "{0} is not a set-up of this version of Lathe; run setupTensorFlow() again":
    "{0} 不是此版本 Lathe 的配置；请重新运行 setupTensorFlow()",
  "the compiled binding {0} is gone; run setupTensorFlow() again":
    "已编译的绑定 {0} 不见了；请重新运行 setupTensorFlow()",
  "the TensorFlow library in {0} is gone; run setupTensorFlow() again":
    "{0} 中的 TensorFlow 库不见了；请重新运行 setupTensorFlow()",
  "the TensorFlow library in {0} has changed since it was set up (it was {1}); run setupTensorFlow() again":
    "{0} 中的 TensorFlow 库在配置之后有变化（原为 {1}）；请重新运行 setupTensorFlow()",
  "there is no NVIDIA card for this process (CUDA_VISIBLE_DEVICES may hide it)":
    "此进程没有可用的 NVIDIA 显卡（可能被 CUDA_VISIBLE_DEVICES 隐藏）",
  "TensorFlow did not use a card when it was set up; run setupTensorFlow() again":
    "配置时 TensorFlow 未使用显卡；请重新运行 setupTensorFlow()",
};
