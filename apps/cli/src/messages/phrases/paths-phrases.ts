import type { Translations } from "@lathe/files";

/** 路径的错误。 */
export const pathsPhrases: Translations = {
  "no such file": "没有此文件",
  "a JSON file": "JSON 文件",
  "expected a file, got a folder": "应为文件，实为文件夹",
  "expected a file, got something that is none": "应为文件，实际不是",
  "may not be read: permission denied": "无法读取：没有权限",
  "cannot be read: {0}": "无法读取：{0}",
  "cannot be written: {0}": "无法写入：{0}",
  "cannot be made: {0}": "无法创建：{0}",
  "cannot be replaced: {0}": "无法替换：{0}",
  "cannot be removed: {0}": "无法删除：{0}",
  "permission denied": "没有权限",
  "it is in use": "正在使用中",
  "the disk quota is used up": "磁盘配额已用尽",
  "it would be larger than the limit on the size of files": "将超过文件大小的限制",
  "the system does not do that there": "系统在该处不支持此操作",
  "the device failed": "设备出错",
  "it is a folder": "它是文件夹",
  "its links lead in a circle": "链接构成循环",
  "too many files are open": "打开的文件过多",
  "the name is too long": "名称过长",
  "the system takes nothing there": "系统不允许在该处写入",
  "no space is left on the device": "设备空间不足",
  "a part of the path is a file": "路径的一部分是文件",
  "the file system is read-only": "文件系统只读",
  "it is being run": "正在运行",
  "it lies on another file system": "位于另一个文件系统",
  "is empty": "为空",
  "holds no rows": "没有数据行",
  "is UTF-16; save it as UTF-8": "是 UTF-16 编码；请另存为 UTF-8",
  "is of an unknown kind; expected .jsonl, .ndjson, .csv, .tsv or .parquet":
    "类型未知；应为 .jsonl、.ndjson、.csv、.tsv 或 .parquet",
  "was tokenised with another tokenizer than the model's; prepare the data again":
    "所用的分词器与模型的不同；请重新准备数据",
  "an output folder": "输出文件夹",
  "an output folder that does not exist": "尚不存在的输出文件夹",
  "an output folder that does not exist or is empty": "尚不存在或为空的输出文件夹",
  "one with files in it": "含有文件的文件夹",
  "a file": "文件",
  "name a folder": "请指定文件夹",
  "choose another place": "请另选位置",
  "name another folder": "请指定另一个文件夹",
  "name another one or allow overwriting": "请另指定一个，或允许覆盖",
  "choose another place or allow overwriting": "请另选位置，或允许覆盖",
  "move it away or name another folder": "请移走它，或指定另一个文件夹",
  "move it away or choose another place": "请移走它，或另选位置",
  "another folder than the model's": "不同于模型的文件夹",
  "the same": "同一个",
  "a folder that prepare wrote and nobody added to, as only that is overwritten":
    "由 prepare 写出且未添加其他内容的文件夹（只有这样的文件夹会被覆盖）",
  "a folder that quantising wrote and nobody added to, as only that is replaced":
    "由 quantize 写出且未添加其他内容的文件夹（只有这样的文件夹会被替换）",
  "no such folder; {0}": "没有此文件夹；{0}",
  "no such file; {0}": "没有此文件；{0}",
  "if {0} is an id on a hub, download it first, with `{1}` or `{2}`, and give {3}":
    "若 {0} 是模型库上的编号，请先用 `{1}` 或 `{2}` 下载，再给出 {3}",
  "{0} is a file; expected the folder with adapter_config.json and adapter_model.safetensors":
    "{0} 是文件；应为含 adapter_config.json 和 adapter_model.safetensors 的文件夹",
  "{0} is the folder of a run; its adapter is {1}": "{0} 是一次运行的文件夹；其适配器为 {1}",
  "{0} is the folder of a run that has no adapter yet": "{0} 是一次运行的文件夹，尚无适配器",
  "{0} is the folder of a run that is not complete; the adapter of its last checkpoint is {1}":
    "{0} 是一次未完成的运行的文件夹；最后检查点的适配器为 {1}",
  "{0} holds the adapter in a folder of its own: {1}": "{0} 中的适配器在单独的文件夹里：{1}",
  "{0} is a model folder; expected an adapter's": "{0} 是模型文件夹；应为适配器文件夹",
  "{0} is a GGUF file; expected the model's folder with config.json and safetensors":
    "{0} 是 GGUF 文件；应为含 config.json 和 safetensors 的模型文件夹",
  "{0} is a file; expected the folder with config.json, safetensors and tokenizer.json":
    "{0} 是文件；应为含 config.json、safetensors 和 tokenizer.json 的文件夹",
  "{0} is the folder of a run; expected the base model": "{0} 是一次运行的文件夹；应为基础模型",
  "{0} is the folder of a run; expected the base model, with {1} as --adapter":
    "{0} 是一次运行的文件夹；应给出基础模型，并以 {1} 作为 --adapter",
  "{0} is an adapter; expected the base model, with this as --adapter":
    "{0} 是适配器；应给出基础模型，并以它作为 --adapter",
  "{0} is a folder of prepared rows; expected a model folder": "{0} 是准备好的数据文件夹；应为模型文件夹",
  "{0} is a folder of a hub's cache; the model is in {1}": "{0} 是模型库缓存的文件夹；模型在 {1}",
  "{0} is a folder that lathe prepare wrote; its rows are in {1}":
    "{0} 是 lathe prepare 写出的文件夹；数据在 {1}",
  "{0} is a folder; expected a file of rows": "{0} 是文件夹；应为数据文件",
  "{0} is a folder; expected a file of rows, such as {1}": "{0} 是文件夹；应为数据文件，例如 {1}",
  "metrics: {0}; rouge stands for rouge1, rouge2 and rougeL":
    "指标：{0}；rouge 代表 rouge1、rouge2 和 rougeL",
  "--resume goes on with a run and --overwrite replaces it: give one of them":
    "--resume 继续一次运行，而 --overwrite 替换它：请只给出一个",
  "expected either --prompt TEXT or --ids 1,2,3": "应给出 --prompt TEXT 或 --ids 1,2,3",
  "--system goes with --prompt in a chat template, not with --ids or --raw":
    "--system 与对话模板中的 --prompt 连用，不能与 --ids 或 --raw 连用",
  "--tools goes with --prompt in a chat template, not with --ids or --raw":
    "--tools 与对话模板中的 --prompt 连用，不能与 --ids 或 --raw 连用",
  "{0}: the replies would be written over the rows": "{0}：回复会覆盖数据",
};
