import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "expected bytes of the rank that sends them, got none": "发送方进程应给出字节，实际没有",
  "a rank from 0 to {0}": "0 到 {0} 的进程号",
  "a count for each of {0} ranks": "{0} 个进程各一个数量",
  "counts that are whole numbers from 0": "从 0 起的整数数量",
  "counts that come to {0}": "总和为 {0} 的各数量",
  "an exit code from 1 to 255": "1 到 255 的退出码",
  "expected a number of ranks from 1, got {0}": "进程数应至少为 1，实际为 {0}",
  "ranks disagree: expected all to call {0}, got {1} of one":
    "各进程不一致：应全部调用 {0}，其中一个调用了 {1}",
  "rank {0} has ended all ranks with code {1}": "进程 {0} 以退出码 {1} 结束了所有进程",
  "this rank takes part no more: it was closed": "此进程已关闭，不再参与",
  "several ranks need the package {0}, which is not installed: npm install {1}":
    "多个进程协同需要 {0} 包，但尚未安装：npm install {1}",
  "several ranks are for Linux, and this is {0}: on Windows, run in WSL 2":
    "多个进程协同只用于 Linux，而当前系统是 {0}：在 Windows 上请在 WSL 2 中运行",
  "no MPI library is found: expected one of {0} where the system looks for libraries; on Debian and Ubuntu: {1}":
    "找不到 MPI 库：系统的库目录中应有 {0} 之一；在 Debian 和 Ubuntu 上：{1}",
  "this process has joined its ranks before": "此进程已经加入过一次",
  "the launcher is {0} and {1} is {2}: launch with the library's own mpirun":
    "启动器是 {0}，而 {1} 是 {2}：请用该库自带的 mpirun 启动",
  "{0} does not start: error {1}": "{0} 无法启动：错误 {1}",
  "expected a library that may be called from several threads, got level {0} of {1}; install another build":
    "库应允许多个线程调用，实际 {1} 只到级别 {0}；请安装另一构建",
  "{0} ranks were launched and {1} knows of {2}: launcher and library are not of the same make or version; use the mpirun that belongs to {3}":
    "启动了 {0} 个进程，而 {1} 只知道 {2} 个：启动器与库的种类或版本不同；请使用 {3} 自带的 mpirun",
  "rank {0} of {1} has waited {2} s for what the others send: a machine or its network is gone":
    "进程 {0}（共 {1} 个）等待其他进程的数据已 {2} 秒：有机器或其网络已断开",
  "the launcher of rank {0} is gone, and other ranks with it": "进程 {0} 的启动器已不在，其他进程也随之结束",
  "{0} of rank {1} failed: {2}": "{0} 失败（进程 {1}）：{2}",
  "expected at most {0} values of all ranks together, got {1}": "所有进程合计应至多 {0} 个值，实际 {1} 个",
};
