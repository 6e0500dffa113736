import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "expected a listing of keys in S3's form, got something else": "应为 S3 格式的键列表，实际不是",
  "expected the address of a place in a bucket, https://host/bucket":
    "应为存储桶中的地址，如 https://host/bucket",
  "expected a listing that ends, in up to {0} answers": "应为有结尾的列表，至多 {0} 次应答",
  "expected percent signs that stand for characters, %25 for one of its own":
    "百分号应代表字符；百分号本身写作 %25",
  "{0}: expected an object that can be read, got {1}": "{0}：应为可读取的对象，实际为{1}",
  "one of more than {0} bytes": "超过 {0} 字节的对象",
  "none, as {0}": "无：{0}",
  "the store's answer was cut": "存储的应答被中断",
  "its store refuses the owner of the key in AWS_ACCESS_KEY_ID ({0})":
    "其存储拒绝 AWS_ACCESS_KEY_ID 中密钥的持有者（{0}）",
  "its store refuses whoever has no key ({0}); give one in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or an address that lets you in":
    "其存储拒绝没有密钥的访问（{0}）；请在 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY 中给出密钥，或给出可以访问的地址",
  "there is no such bucket": "没有此存储桶",
  "{0}: got status {1} from the store": "{0}：存储返回状态 {1}",
  "no such file; if {0} on a hub is meant, give {1}": "没有此文件；若指模型库上的 {0}，请给出 {1}",
  "no such folder; if {0} on a hub is meant, give {1}": "没有此文件夹；若指模型库上的 {0}，请给出 {1}",
  "is no address of a file": "不是文件的地址",
  "expected an address without a user name and a password": "应为不含用户名和密码的地址",
  "expected s3://bucket/key": "应为 s3://存储桶/键",
  "expected the name of a region in AWS_REGION, such as us-east-1": "AWS_REGION 应为区域名称，如 us-east-1",
  "expected the address of a store in AWS_ENDPOINT_URL": "AWS_ENDPOINT_URL 应为存储服务的地址",
  "its server does not say how long it is; download it and give its path":
    "服务器未说明其长度；请自行下载并给出路径",
  "was changed while it was downloaded, or a proxy answers for it; try again":
    "下载期间被更改，或由代理代为应答；请重试",
  "its server gives no ranges of it, which a file of this size or a cut connection needs; download it and give its path":
    "服务器不支持分段下载，而这样大小的文件或中断的连接需要分段；请自行下载并给出路径",
  "no such file at this address": "此地址没有文件",
  "its store does not show it to the owner of the key in AWS_ACCESS_KEY_ID ({0})":
    "存储服务不允许 AWS_ACCESS_KEY_ID 的所有者读取（{0}）",
  "its store does not show it to everybody ({0}); give a key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY":
    "存储服务不允许所有人读取（{0}）；请在 AWS_ACCESS_KEY_ID 与 AWS_SECRET_ACCESS_KEY 中给出密钥",
  "its server does not show it ({0}); download it and give its path":
    "服务器不允许读取（{0}）；请自行下载并给出路径",
  "{0}: expected a file, got status {1} from {2}": "{0}：应为文件，{2} 返回状态 {1}",
  "{0} was not reached: {1}": "无法连接 {0}：{1}",
  "{0} answered {1}": "{0} 返回 {1}",
  "{0} redirects without an end": "{0} 不断重定向",
  "{0} redirects to an address that is not taken: {1}": "{0} 重定向到不可接受的地址：{1}",
  "{0}; {1} tries got no further": "{0}；尝试 {1} 次仍无进展",
  "the hub's answer is larger than {0} bytes": "模型库的应答超过 {0} 字节",
  "the hub's answer was cut: {0}": "模型库的应答中断：{0}",
  "{0} cut {1}": "{0} 中断了 {1}",
  "{0}: expected plain paths of files in the hub's listing, got {1}":
    "{0}：模型库列表中应为普通文件路径，得到 {1}",
  "{0} has no file {1}; it has {2}": "{0} 没有文件 {1}；有 {2}",
  "{0} has no safetensors, only GGUF such as {1}; give the repository that it was made from":
    "{0} 没有 safetensors，只有 GGUF，如 {1}；请给出其来源仓库",
  "{0}: expected model.safetensors or its index among the files, got {1}":
    "{0}：文件中应有 model.safetensors 或其索引，得到 {1}",
  "{0}: {1} lists {2}, which is not among the files": "{0}：{1} 列出的 {2} 不在文件中",
  "{0}: expected names of files in {1}, got other JSON": "{0}：{1} 中应为文件名，得到其他 JSON",
  "{0}: expected files of rows ({1}), got {2}": "{0}：应有数据文件（{1}），得到 {2}",
  "{0}: expected a list of files of {1}, got another answer": "{0}：应返回 {1} 的文件列表，得到其他应答",
  "{0} is gated: ask for access on {1}, with the account of your token":
    "{0} 需要授权：请用令牌所属账号在 {1} 申请访问",
  "{0} is gated: ask for access on {1} and give a token of that account in {2}":
    "{0} 需要授权：请在 {1} 申请访问，并在 {2} 中给出该账号的令牌",
  "{0}: there is no such revision; {1} lists the branches and tags": "{0}：没有此版本；{1} 列出了分支和标签",
  "{0}: a file of the listing is not there any more; try again": "{0}：列表中的某个文件已不存在；请重试",
  "{0}: the hub does not take the token; give another in {1}, or none":
    "{0}：模型库不接受该令牌；请在 {1} 中另给一个，或不给",
  "{0} is not on the hub, or hidden from the account of the token: {1}":
    "{0} 不在模型库上，或对令牌所属账号不可见：{1}",
  "{0} is not on the hub, or private: look at {1}; what is private needs a token in {2}":
    "{0} 不在模型库上，或为私有：请查看 {1}；私有内容需要 {2} 中的令牌",
  "{0}: expected files, got status {1} from {2}": "{0}：应得到文件，{2} 返回状态 {1}",
  "{0}: {1} does not have the hash that the hub says, and is not kept; try again, or another mirror":
    "{0}：{1} 的哈希值与模型库所示不符，未保留；请重试，或换镜像",
  "{0}: {1} is another file than the hub had listed: it was changed meanwhile, or a proxy or mirror answers for it; try again":
    "{0}：{1} 与模型库所列不是同一文件：其间被更改，或由代理、镜像代答；请重试",
  "{0} is not complete in {1}, and HF_HUB_OFFLINE lets no hub be asked":
    "{0} 在 {1} 中不完整，而 HF_HUB_OFFLINE 不允许访问模型库",
  "expected the address of a hub in HF_ENDPOINT or MODELSCOPE_DOMAIN, got {0}":
    "HF_ENDPOINT 或 MODELSCOPE_DOMAIN 中应为模型库地址，得到 {0}",
  "{0}; {1} is taken as it was downloaded before": "{0}；{1} 采用先前下载的内容",
  "{0}: expected {1} of free disk for the download, got {2}; free some, or name another folder in HF_HUB_CACHE":
    "{0}：下载需要 {1} 空闲磁盘，现有 {2}；请腾出空间，或在 HF_HUB_CACHE 中另指文件夹",
  "{0}: expected {1} of free disk beside the output, got {2}; free some, or write to another disk":
    "{0}：输出所在的磁盘需要 {1} 空闲空间，现有 {2}；请腾出空间，或写到另一块磁盘",
  "{0} is not in {1}": "{0} 不在 {1} 中",
  "{0} is not in {1}, which has {2} of it": "{0} 不在 {1} 中，其中有它的 {2}",
  "expected a model's repository on Hugging Face to push to, got {0}":
    "发布目标应为 Hugging Face 上的模型仓库，实为 {0}",
  "expected a path below the repository, got {0}": "应为仓库之下的路径，实为 {0}",
  "{0}: HF_HUB_OFFLINE lets nothing be pushed": "{0}：HF_HUB_OFFLINE 不允许发布",
  "expected the address of a hub in HF_ENDPOINT, got {0}": "HF_ENDPOINT 应为平台地址，实为 {0}",
  "{0}: pushing needs a token that may write, which begins with hf_; give it in HF_TOKEN":
    "{0}：发布需要有写权限、以 hf_ 开头的令牌；请设置 HF_TOKEN",
  "{0} is public, and what is pushed is for few unless it is said to be public: say so, or push to another name":
    "{0} 是公开仓库，而发布内容默认不公开：请明确允许公开（--public），或发布到其他名称",
  "{0}: expected a commit of {1}, got another answer": "{0}：应返回 {1} 的提交，实为其他应答",
  "{0}: expected whether {1} is private, got another answer": "{0}：应返回 {1} 是否私有，实为其他应答",
  "pushing needs the package {0}, which is not installed; run: npm install {1}":
    "发布需要 {0} 包，但尚未安装；请运行：npm install {1}",
};
