import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "expected bytes of the rank that sends them, got none": "发送方进程应给出字节，实际没有",
  "a rank from 0 to {0}": "0 到 {0} 的进程号",
  "a count for each of {0} ranks": "{0} 个进程各一个数量",
  "counts that are whole numbers from 0": "从 0 起的整数数量",
  "counts that come to {0}": "总和为 {0} 的各数量",
  "room for {0} values": "可容纳 {0} 个值的空间",
  "an exit code from 1 to 255": "1 到 255 的退出码",
  "a divisor of the {0} ranks": "{0} 个进程数的约数",
  "expected ranks that are processes of their own, got {0} in one process, which would wait for themselves":
    "各进程应是独立的进程，实际有 {0} 个在同一进程中，会互相等待而无法继续",
  "expected each {0} ranks after one another on one machine, as they add up within every layer, got some on several; launch as many on each machine":
    "每 {0} 个相邻进程应在同一台机器上，因为它们在每一层内求和，实际有的分布在多台机器上；请在每台机器上启动相同数目的进程",
  "ranks of a group cannot add up while another call is under way: await that first":
    "另一个调用尚未完成时，组内进程不能求和：请先等待它完成",
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
  "rank {0} of {1} has waited {2} s for others to come: they are taken for gone":
    "进程 {0}（共 {1} 个）等待其他进程已 {2} 秒：视为已断开",
  "the launcher of rank {0} is gone, and other ranks with it": "进程 {0} 的启动器已不在，其他进程也随之结束",
  "{0} of rank {1} failed: {2}": "{0} 失败（进程 {1}）：{2}",
  "expected at most {0} values of all ranks together, got {1}": "所有进程合计应至多 {0} 个值，实际 {1} 个",
  "{0}: expected the name of a host or an IPv4 address, got {1}": "{0}：应为主机名或 IPv4 地址，实际为 {1}",
  "{0}: expected hosts such as a:2,b:1, got {1}": "{0}：应为主机列表，例如 a:2,b:1，实际为 {1}",
  "{0}: expected a host such as nodeA slots=2, got {1}": "{0}：应为主机，例如 nodeA slots=2，实际为 {1}",
  "{0}: expected a host on some line, got none": "{0}：至少应有一行是主机，实际没有",
  "{0}: expected a file of hosts, got no such file": "{0}：应为主机文件，但没有这个文件",
  hosts: "主机",
  "{0}: expected a number of ranks from 1 to {1} for {2}, got {3}":
    "{0}：主机 {2} 的进程数应为 1 到 {1}，实际为 {3}",
  "{0}: expected each host once, got {1} twice; give it slots for several ranks":
    "{0}：每台主机应只出现一次，{1} 出现了两次；要运行多个进程请给出它的进程数",
  "no launcher is found: expected one of {0} on the path; on Debian and Ubuntu: {1}":
    "找不到启动器：PATH 中应有 {0} 之一；在 Debian 和 Ubuntu 上：{1}",
  "expected a number of ranks from 1 to {0}, which the hosts take, got {1}; give hosts more slots, such as {2}":
    "进程数应为 1 到 {0}（各主机可运行的总数），实际为 {1}；可给主机更多进程数，例如 {2}",
  "expected an interface such as eth0, or a subnet such as 192.168.1.0/24, got {0}":
    "应为网络接口（例如 eth0）或子网（例如 192.168.1.0/24），实际为 {0}",
  "expected an interface such as eth0, as MPICH takes no subnets, got {0}":
    "MPICH 不接受子网，应为网络接口，例如 eth0，实际为 {0}",
  "expected what starts a program on another machine, such as ssh -p 2222, without quotes, got {0}":
    "应为在其他机器上启动程序的命令，例如 ssh -p 2222，不含引号，实际为 {0}",
  "--hosts": "--hosts",
  "expected one program that starts others on another machine, as MPICH gives it no words of its own, got {0}":
    "MPICH 不能给远程启动程序附加参数，应只是一个程序，实际为 {0}",
  "srun starts programs on other machines by itself, got {0}":
    "srun 自行在其他机器上启动程序，实际给出了 {0}",
  "expected names of variables, got {0}": "应为环境变量名，实际为 {0}",
  "{0} cannot be started: “{1}”": "无法启动 {0}：“{1}”",
  "{0}: expected an answer, got none; {1} must work without a password":
    "{0} 没有应答；{1} 应无需密码即可成功",
  "expected hosts or a number of ranks, got neither": "应给出主机或进程数，实际都没有",
  "{0} rank": "{0} 个进程",
  "{0} ranks": "{0} 个进程",
  "{0} on {1}": "{1} 上的 {0}",
  "launching {0}": "启动 {0}",
  "launch {0}: {1} begin anew, as there is no checkpoint": "第 {0} 次启动：还没有检查点，{1}从头开始",
  "launch {0}: {1} go on from step {2}": "第 {0} 次启动：{1}从第 {2} 步继续",
  "no host answers any more ({0}): launch again when one is there":
    "已没有主机应答（{0}）：有主机可用时请重新启动",
  "{0} does not answer and is left out": "{0} 没有应答，不再使用",
  "nothing is launched again: no restarts were asked for": "不再重新启动：未要求重启",
  "nothing is launched again: {0} launches have come to no newer checkpoint":
    "不再重新启动：{0} 次启动都没有得到更新的检查点",
  "the launcher ended with code 0 although no rank has marked the run as done":
    "启动器以退出码 0 结束，但没有进程把训练标记为完成",
  "the launcher was ended by {0}": "启动器被 {0} 结束",
  "the launcher lost a machine, or the network to it (code {0})":
    "启动器与一台机器失去联系：机器停止，或网络中断（退出码 {0}）",
  "ranks ended before the run was done (code {0}, signal {1})":
    "进程在训练完成前结束（退出码 {0}，信号 {1}）",
  "ranks ended before the run was done (code {0})": "进程在训练完成前结束（退出码 {0}）",
  "{0}; there is no checkpoint yet": "{0}；还没有检查点",
  "{0}; the newest checkpoint is of step {1}": "{0}；最新的检查点在第 {1} 步",
  "expected what a rank says of itself, got something else": "应为进程对自身的说明，实际为其他内容",
  "{0} machine": "{0} 台机器",
  "{0} machines": "{0} 台机器",
  "{0} ranks on {1} ({2}), expected {3}: the launcher has not taken the hosts, or two of them have the same name":
    "{0} 个进程在 {1}（{2}）上，应为 {3} 台：启动器没有采用给出的主机，或有两台同名",
  "{0} ranks on {1}: {2}": "{0} 个进程在 {1}上：{2}",
  "{0} is the same on all ranks: {1}": "各进程的 {0} 相同：{1}",
  "{0} differs: {1} on {2} (rank {3}), {4} on {5} (rank {6})":
    "{0} 不同：{2}（进程 {3}）为 {1}，{5}（进程 {6}）为 {4}",
  "one rank by itself needs no network": "单个进程不需要网络",
  "a sum of {0} over all ranks takes {1}, of one number {2}: under 3 % of steps from {3} on; raise gradient accumulation where steps are shorter":
    "所有进程求和 {0} 需要 {1}，求和一个数需要 {2}：每步 {3} 以上时占比低于 3 %；步更短时请增大梯度累积",
  yes: "是",
  no: "否",
  check: "检查",
  holds: "满足",
  launcher: "启动器",
  library: "库",
  interface: "网络接口",
  ranks: "进程",
  placement: "分布",
  network: "网络",
  "{0}, {1} {2}": "{0}，{1} {2}",
  "{0} of {1}, the launcher's make": "{0}，{1}，与启动器同类",
  "all answer": "全部应答",
  "{0} has {1}": "{0} 的地址：{1}",
  "expected an interface with an address, got {0}; this machine has {1}":
    "应为有地址的网络接口，实际为 {0}；本机有 {1}",
  "expected a name of at most 40 small letters, digits and hyphens that begins with a letter, got {0}":
    "名称应以字母开头，最多 40 个小写字母、数字和连字符，实际为 {0}",
  "{0}: expected a whole number from 1, got {1}": "{0}：应为从 1 起的整数，实际为 {1}",
  "restarts: expected a whole number from 0, got {0}": "restarts：应为从 0 起的整数，实际为 {0}",
  "expected the name of an image such as registry.example/lathe:1, got {0}":
    "应为镜像名称，例如 registry.example/lathe:1，实际为 {0}",
  "expected the name of a class of storage, got {0}": "应为存储类名称，实际为 {0}",
  "expected a version, got {0}": "应为版本号，实际为 {0}",
  "{0} exists already; choose another folder, or overwrite it": "{0} 已存在；请换一个文件夹，或选择覆盖",
};
