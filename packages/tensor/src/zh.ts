import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "install the CUDA libraries of that version (python3 -m pip install tensorflow[and-cuda] brings them) or put their folder on LD_LIBRARY_PATH, and run setupTensorFlow() again":
    "请安装该版本的 CUDA 库（python3 -m pip install tensorflow[and-cuda] 会带上它们），或把其文件夹加入 LD_LIBRARY_PATH，然后重新运行 setupTensorFlow()",
  "C++ kernels": "C++ 内核",
  "plain JavaScript, one thread, float32; slow": "纯 JavaScript，单线程，float32；较慢",
  "WebAssembly SIMD, one thread, float32": "WebAssembly SIMD，单线程，float32",
  "C++ kernels ({0}), {1} threads": "C++ 内核（{0}），{1} 线程",
  "TensorFlow {0} on the CPU, no card in use": "TensorFlow {0}，在 CPU 上，未使用显卡",
  "TensorFlow on the CPU": "CPU 上的 TensorFlow",
  "TensorFlow on an NVIDIA card": "NVIDIA 显卡上的 TensorFlow",
  "TensorFlow {0} on {1}{2}": "TensorFlow {0}，在 {1} 上{2}",
  "it did not start: {0}": "未能启动：{0}",
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
  "plain TensorFlow.js, no engine started": "普通 TensorFlow.js，未启动引擎",
  "keys and values": "键值",
  "keys and values of this model's sizes": "此模型大小的键值",
  "cache {0}: engine {1} keeps {2} in {3}": "缓存 {0}：引擎 {1} 以 {3} 保存{2}",
  "the NVIDIA driver (libcuda.so.1) is not installed": "未安装 NVIDIA 驱动 (libcuda.so.1)",
  "install the driver of the card and run setupTensorFlow() again":
    "请安装显卡驱动并重新运行 setupTensorFlow()",
  "the NVIDIA driver is too old for the CUDA libraries that this TensorFlow loads":
    "NVIDIA 驱动对此 TensorFlow 加载的 CUDA 库来说过旧",
  "update the driver, or install a TensorFlow built for an older CUDA":
    "请更新驱动，或安装为较旧 CUDA 构建的 TensorFlow",
  "the loaded NVIDIA kernel module is of another version than the driver's libraries":
    "已加载的 NVIDIA 内核模块与驱动库的版本不同",
  "restart the machine so that the new module is loaded": "请重启机器以加载新模块",
  "this TensorFlow was not built for the generation of this card": "此 TensorFlow 不是为这一代显卡构建的",
  "install a TensorFlow release that supports it": "请安装支持它的 TensorFlow 版本",
  "the CUDA library {0} was not found": "未找到 CUDA 库 {0}",
  "some of the CUDA libraries that this TensorFlow needs were not found":
    "未找到此 TensorFlow 所需的部分 CUDA 库",
  "the card has no memory left": "显卡内存已用尽",
  "end other programs that use it (nvidia-smi lists them)": "请结束使用它的其他程序（nvidia-smi 会列出）",
  "the driver shows no card to this process": "驱动未向此进程提供显卡",
  "check CUDA_VISIBLE_DEVICES and, in a container, that it was started with the card (--gpus all)":
    "请检查 CUDA_VISIBLE_DEVICES；若在容器中，检查启动时是否带有显卡 (--gpus all)",
  "the NVIDIA driver did not start ({0})": "NVIDIA 驱动未能启动（{0}）",
  "check that nvidia-smi works, and restart the machine after a change of driver":
    "请检查 nvidia-smi 能否运行，更换驱动后请重启机器",
  "TensorFlow {0} loads but kept {1} tensors that were freed":
    "TensorFlow {0} 可以加载，但仍保留 {1} 个已释放的张量",
  "TensorFlow {0} loads but its products in float32 are wrong or fail ({1})":
    "TensorFlow {0} 可以加载，但其 float32 乘积有误或失败（{1}）",
  "install another release of TensorFlow": "请安装其他版本的 TensorFlow",
  "the library {0} that the binding needs was not found": "未找到绑定所需的库 {0}",
  "install it, or run setupTensorFlow() again if TensorFlow was moved":
    "请安装它；若移动过 TensorFlow，请重新运行 setupTensorFlow()",
  "the compiled binding could not be loaded": "无法加载已编译的绑定",
  "TensorFlow ended the process that tried it ({0})": "TensorFlow 终止了试用它的进程（{0}）",
  "{0} names {1}, which holds no TensorFlow library": "{0} 指向 {1}，其中没有 TensorFlow 库",
  "{0} holds no TensorFlow library": "{0} 中没有 TensorFlow 库",
  "name a folder with lib/libtensorflow.so.2 and include/, or one of an installed tensorflow Python package":
    "请指定含 lib/libtensorflow.so.2 和 include/ 的文件夹，或已安装的 Python 包 tensorflow 的文件夹",
  "no TensorFlow library was found (looked at {0}, Python's packages, /usr/local and /usr)":
    "未找到 TensorFlow 库（已查看 {0}、Python 的包、/usr/local 和 /usr）",
  "{0} has the TensorFlow library but not its headers (include/tensorflow/c/c_api.h)":
    "{0} 有 TensorFlow 库但没有其头文件 (include/tensorflow/c/c_api.h)",
  "unpack the whole archive of the C library, its include folder too":
    "请解开 C 库的完整压缩包，包括 include 文件夹",
  "the tensorflow package in {0} is {1} and has no C library in it":
    "{0} 中的 tensorflow 包为 {1}，其中没有 C 库",
  "too old": "过旧版本",
  "install TensorFlow {0} or newer": "请安装 TensorFlow {0} 或更新版本",
  "the tensorflow package in {0} has no headers (include/tensorflow/c/c_api.h)":
    "{0} 中的 tensorflow 包没有头文件 (include/tensorflow/c/c_api.h)",
  "install the package again, whole": "请重新完整安装该包",
  "npm could not fetch {0}": "npm 无法获取 {0}",
  "npm fetched another {0} than expected": "npm 获取的 {0} 与预期不符",
  "{0} cannot be unpacked": "无法解开 {0}",
  "check the connection and npm's registry settings, or install the package beside @lathe/tensor with --ignore-scripts":
    "请检查网络和 npm 的仓库设置，或以 --ignore-scripts 将该包安装在 @lathe/tensor 旁",
  "no C++ compiler was found (g++, c++, clang++)": "未找到 C++ 编译器（g++、c++、clang++）",
  "the C++ compiler that CXX names ({0}) does not answer": "CXX 指定的 C++ 编译器（{0}）没有响应",
  "install one (Debian and Ubuntu: sudo apt install g++; Fedora: sudo dnf install gcc-c++) or name it in CXX":
    "请安装编译器（Debian 与 Ubuntu：sudo apt install g++；Fedora：sudo dnf install gcc-c++）或在 CXX 中指定",
  "the header {0} is missing": "缺少头文件 {0}",
  "use a complete TensorFlow 2.9 or newer: the binding is not made for other versions":
    "请使用完整的 TensorFlow 2.9 或更新版本：绑定不支持其他版本",
  "install the compiler's standard headers (Debian and Ubuntu: sudo apt install g++)":
    "请安装编译器的标准头文件（Debian 与 Ubuntu：sudo apt install g++）",
  "the binding does not compile against the TensorFlow in {0}": "绑定无法针对 {0} 中的 TensorFlow 编译",
  "the binding does not compile against TensorFlow {0}": "绑定无法针对 TensorFlow {0} 编译",
  "use TensorFlow 2.9 or newer and a compiler with C++17 (GCC 9 or newer)":
    "请使用 TensorFlow 2.9 或更新版本以及支持 C++17 的编译器（GCC 9 或更新版本）",
  "TensorFlow is set up on Linux, and this is {0}": "TensorFlow 仅在 Linux 上配置，而此系统是 {0}",
  "use the Windows Subsystem for Linux, which sees the card":
    "请使用能看到显卡的 Windows Subsystem for Linux",
  "use another engine": "请使用其他引擎",
  "TensorFlow is not set up": "尚未配置 TensorFlow",
  "the wasm backend of TensorFlow.js cannot be loaded: “{0}”": "无法加载 TensorFlow.js 的 wasm 后端：“{0}”",
  "precision {0}: engine {1} computes in {2}": "精度 {0}：引擎 {1} 以 {2} 计算",
  "engine {0} is unknown; expected auto or one of {1}": "未知引擎 {0}；应为 auto 或 {1} 之一",
  "engine {0} cannot run here ({1})": "引擎 {0} 无法在此运行（{1}）",
  "this process has loaded TensorFlow for the CPU already; use the other engine in a process of its own":
    "本进程已为 CPU 加载 TensorFlow；请在另一个进程中使用其他引擎",
  "this process has loaded TensorFlow for a card already; use the other engine in a process of its own":
    "本进程已为显卡加载 TensorFlow；请在另一个进程中使用其他引擎",
  "the npm package {0} is gone": "npm 包 {0} 不见了",
  "run setupTensorFlow() again": "请重新运行 setupTensorFlow()",
  "TensorFlow fell back to the CPU": "TensorFlow 退回到了 CPU",
  "run setupTensorFlow(), which says why": "请运行 setupTensorFlow()，它会说明原因",
  "TensorFlow took a card in spite of CUDA_VISIBLE_DEVICES=-1":
    "尽管 CUDA_VISIBLE_DEVICES=-1，TensorFlow 仍使用了显卡",
  "set it before the process starts": "请在进程启动之前设置它",
  "TensorFlow cannot be loaded ({0})": "无法加载 TensorFlow（{0}）",
  "run setupTensorFlow()": "请运行 setupTensorFlow()",
  "the {0} backend did not start": "{0} 后端未能启动",
  "the wasm backend of TensorFlow.js did not start": "TensorFlow.js 的 wasm 后端未能启动",
  "the native kernels are not there": "没有原生内核",
  "{0}: engine {1} has no kernel for {2}": "{0}：引擎 {1} 没有用于{2}的内核",
  it: "它",
  "these terms": "这些项",
  "recompute: the block uses a tensor {0} of the enclosing computation that is not among its inputs; its gradient would be lost. Pass it as an input.":
    "recompute：该块使用了外层计算的张量 {0}，而它不在输入之中；其梯度会丢失。请将其作为输入传入。",
  "{0}: {1} in the package {2}, which is not installed; install it: {3}":
    "{0}：{1}在未安装的软件包 {2} 中；请安装：{3}",
  "the gradients of TensorFlow.js are": "TensorFlow.js 的梯度",
  "handles are made within {0}": "句柄只能在 {0} 之内创建",
  "handle {0} is not of this computation; keep it there, or use it before its end":
    "句柄 {0} 不属于此次计算；请在那里保留它，或在其结束前使用",
  "expected one of the engines {0} to be in use, got {1}; start one of them":
    "应在使用引擎 {0} 之一，实为 {1}；请启动其中之一",
  "engine {0}: an activation is kept only where a tape records; ask for gradients within {1}":
    "引擎 {0}：只有在记录梯度时才保留激活值；请在 {1} 之内求梯度",
  "TensorFlow has no memory left for {0} ({1}); lower the batch size or the longest row, keep only the inputs of layers (gradient checkpointing), or pack the base weights as int8 or nf4":
    "TensorFlow 没有内存可用于 {0}（{1}）；请减小批大小或最长行，只保留各层的输入（梯度检查点），或将基础权重打包为 int8 或 nf4",
  "the card was lost during {0} ({1}); check it with nvidia-smi and the system's log, then resume the run from its last checkpoint in a new process":
    "执行 {0} 时显卡丢失（{1}）；请用 nvidia-smi 和系统日志检查，然后在新进程中从最后的检查点继续",
  "this TensorFlow has no kernel for {0} in that type ({1}); use another precision or release":
    "此 TensorFlow 没有该类型的 {0} 内核（{1}）；请改用其他精度或版本",
  "TensorFlow: {0} failed ({1})": "TensorFlow：{0} 失败（{1}）",
};
