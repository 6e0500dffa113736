import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "a {0}": "{0}",
  "{0}: cannot go on from where it was interrupted, as {1} has changed since; run it without resuming to begin anew":
    "{0}：{1} 在中断之后已有改动，无法继续；请不带续跑选项重新运行",
  "the version of Lathe": "Lathe 的版本",
  "the list of inputs": "输入列表",
  "files as inputs": "以文件作为输入",
  "rows in memory": "内存中的行",
  "step chinese converts with the words of the package {0}, which is not installed; install it: npm install {1}":
    "步骤 chinese 使用软件包 {0} 的词表进行转换，而它尚未安装；请安装：npm install {1}",
  "has a column weight of type {0}, expected Float64": "weight 列的类型为 {0}，应为 Float64",
  "a column for one key each": "每一列只对应一个键",
  "the row has {0} tokens, more than the limit of {1}": "该行有 {0} 个词元，超过上限 {1}",
  "expected a number from 0, the factor on the losses of the row, got {0}; a column that means something else is renamed with --map note=weight":
    "应为不小于 0 的数（该行损失的系数），实为 {0}；若该列另有含义，请用 --map note=weight 改名",
  "expected 0 or 1, got {0}": "应为 0 或 1，实为 {0}",
  "missing; expected a text or a list of messages": "缺少；应为文本或消息列表",
  "a row of preferences is no row of token ids and labels: train on it with a preference objective, and prepare it without a model":
    "偏好数据不是词元 id 与标签的行：请用偏好目标训练，并在不给模型的情况下准备",
  "a completion that is judged bad (label false) is nothing to learn: train on such rows with objective kto, or leave them out":
    "被判为不好的补全（label 为 false）没有可学的内容：请用目标 kto 训练这样的行，或将其去掉",
  "expected a message after those that both sides begin with, got none":
    "共同的开头之后应还有一条消息，却没有",
  "missing; expected it, or chosen and rejected that begin with the same messages":
    "缺少；应给出它，或让 chosen 与 rejected 以相同的消息开头",
  "of at least {0}": "（不小于 {0}）",
  "from {0} to {1}": "（{0} 到 {1}）",
  "a whole number {0}": "整数{0}",
  'three weights as in "7:1:2" (train:validation:test), not negative and not all zero':
    '形如 "7:1:2" 的三个权重（训练:验证:测试），不为负且不全为零',
  "the keys {0}": "键 {0}",
  "names out of {0}": "{0} 中的名称",
  'key "{0}": {1}': '键 "{0}"：{1}',
  "a string": "字符串",
  "a boolean": "布尔值",
  "expected a list of objects, or the JSON text of one": "应为对象列表或其 JSON 文本",
  "{0}, got a text that is not valid JSON: {1}": "{0}，实为无效 JSON 的文本：{1}",
  "expected an object, got {0}": "应为对象，实为{0}",
  "expected an object of one of the shapes {0}, got {1}": "应为以下形式之一的对象：{0}，实为{1}",
  "expected one of the shapes {0}": "应为以下形式之一：{0}",
  'missing beside "{0}"; where {1} is meant, map {2}={3}; {4}':
    '有 "{0}" 而缺少它；若 {1} 即是，请映射 {2}={3}；{4}',
  'missing beside "{0}"; {1}': '有 "{0}" 而缺少它；{1}',
  "{0}, got the keys {1}": "{0}，实有的键：{1}",
  "(none)": "（无）",
  "expected a list, got {0}": "应为列表，实为{0}",
  'expected at least one turn with the role "assistant", there is nothing to learn':
    '应至少有一轮角色为 "assistant"，否则没有可学的内容',
  'expected {"role","content"}, got {0}': '应为 {"role","content"}，实为{0}',
  "expected one of {0}, got {1}": "应为 {0} 之一，实为{1}",
  "expected a string, got {0}": "应为字符串，实为{0}",
  "expected as many as input_ids ({0}), got {1}": "数量应与 input_ids 相同（{0}），实为 {1}",
  "expected a token id or {0}, got {1}": "应为词元编号或 {0}，实为 {1}",
  "expected a list of integers, got {0}": "应为整数列表，实为{0}",
  "expected an integer from {0} to {1}, got {2}": "应为 {0} 到 {1} 的整数，实为 {2}",
  "expected a row, got {0}": "应为一行数据，实为 {0}",
  "expected a row that JSON can hold, got one for which it fails: {0}":
    "应为 JSON 能表示的一行数据，实际无法表示：{0}",
  "the path of a folder": "文件夹的路径",
  "has a header that cannot be read: {0}": "表头无法读取：{0}",
  "stray quote": "多余的引号",
  'has a header that names column "{0}" twice': '表头中列名 "{0}" 出现两次',
  'has a header with a column named "{0}"': '表头中有名为 "{0}" 的列',
  "not valid JSON: expected {0} at column {1} of its line {2}, got {3}":
    "不是有效的 JSON：其第 {2} 行第 {1} 列应为{0}，实为 {3}",
  "not valid {0}": "不是有效的 {0}",
  "not valid UTF-8": "不是有效的 UTF-8",
  "the list is not closed: the file ends within it": "列表没有结束：文件在其中终止",
  "the value begins here and is not closed: the file ends within it":
    "从此处开始的值没有结束：文件在其中终止",
  "the value has {0} bytes, more than the limit of {1}": "该值有 {0} 字节，超过上限 {1}",
  "a quote is opened and never closed": "引号开始后没有结束",
  "is packed to less than a part in {0}, as no rows are; unpack it first if it is what it should be":
    "压缩后不到原来的 {0} 分之一，数据行不会如此；若内容无误，请先自行解压",
  "is packed more than {0} times over": "压缩层数超过 {0}",
  "cannot be unpacked as {0}: {1}": "无法作为 {0} 解压：{1}",
  "cannot be read as Arrow: {0}": "无法作为 Arrow 读取：{0}",
  "is Feather of version 1, which is not read; write it as version 2, Arrow or Parquet":
    "是第 1 版的 Feather，无法读取；请写成第 2 版、Arrow 或 Parquet",
  "expected a list of questions and answers, got {0}": "应为问答对的列表，实为{0}",
  "expected a part of text, got {0}": "应为文本部分，实为{0}",
  "matches no file": "没有匹配的文件",
  "is a folder without a file of rows": "是没有数据文件的文件夹",
  "expected {0} columns as in the header, got {1}": "应与表头一样有 {0} 列，实为 {1}",
  "not valid JSON: expected {0} at column {1}, got {2}": "不是有效的 JSON：第 {1} 列应为{0}，实为 {2}",
  "has a row group of {0} bytes, more than the limit of {1}; write it with smaller row groups":
    "有 {0} 字节的行组，超过上限 {1}；请以较小的行组写出",
  "cannot be read as Parquet: {0}": "无法作为 Parquet 读取：{0}",
  "{0} of {1} rows cannot be used, more than the limit of {2} %; nothing was written. Correct the files or raise {3}. The first of them:":
    "{1} 行中有 {0} 行无法使用，超过上限 {2} %；未写出任何内容。请更正文件或提高 {3}。前几行：",
  "a {0} row has this key and a kept field of the same name": "{0} 类型的行有此键，又有同名的保留字段",
  "the kept fields ({0}) change the shape of a {1} row": "保留字段（{0}）会改变 {1} 类型的行的形式",
  "the chat template refuses the dialogue: {0}": "对话模板拒绝该对话：{0}",
  "needs a chat template to be written out, and the model has none": "需要对话模板才能写出，而模型没有",
  "none of the {0} tokens is scored: there is no reply to learn from":
    "{0} 个词元都不计入损失：没有可学的回复",
  "the row has {0} tokens and its reply begins after the limit of {1}; raise {2} or shorten the prompt":
    "该行有 {0} 个词元，回复在上限 {1} 之后才开始；请提高 {2} 或缩短提问",
  'a {0} row needs a tokenizer, and the model has none; give rows of {"input_ids","labels"}':
    '{0} 类型的行需要分词器，而模型没有；请给出 {"input_ids","labels"} 形式的行',
  "leaves no row to keep: {0} read, all set aside ({1})": "没有可保留的行：读入 {0} 行，全部搁置（{1}）",
  "another key is renamed to this one, which the row has already": "另一个键被改名为它，而该行已有此键",
  "token file {0} {1}": "词元文件 {0}：{1}",
  "is not what prepare wrote: {0} has the hash {1}…, the file {2}…; prepare the data again":
    "与 prepare 所写不同：{0} 中的哈希为 {1}…，文件的为 {2}…；请重新准备数据",
  "is no Arrow IPC file; make one with prepare": "不是 Arrow IPC 文件；请用 prepare 生成",
  "is cut off after {0} bytes; make it again": "在 {0} 字节后被截断；请重新生成",
  "has a directory that points outside of the file; make it again": "目录指向文件之外；请重新生成",
  "has changed since it was opened": "打开之后有变化",
  "is shorter than when it was opened": "比打开时更短",
  "has no column {0} of type List<Int32>; its columns are {1}": "没有类型为 List<Int32> 的列 {0}；其列为 {1}",
  "has a column row of type {0}, expected Int32": "row 列的类型为 {0}，应为 Int32",
  "is of version {0}, expected {1}; make it again": "版本为 {0}，应为 {1}；请重新生成",
  "its structure leads nowhere": "其结构没有尽头",
  "its structure asks for more memory than any healthy file of its size":
    "其结构所需的内存超过任何同样大小的完好文件",
  "its groups have {0} rows, its footer says {1}": "各组共 {0} 行，而文件尾写的是 {1}",
  "a group of {0} rows has {1}": "一个 {0} 行的组有 {1} 行",
  "no message begins at byte {0}": "第 {0} 字节处没有消息开始",
  "a message of {0} bytes": "有一条 {0} 字节的消息",
  "a body of {0} bytes": "有一个 {0} 字节的消息体",
  "the first message is no schema": "第一条消息不是模式（schema）",
  "it has no schema": "没有模式（schema）",
  "a message is no record batch": "有一条消息不是记录批",
  "its directory names other batches": "目录所列的批与实际不同",
  "a batch of {0} rows has {1}": "一个 {0} 行的批有 {1} 行",
  "a row has not as many labels as ids": "有一行的标签数与 id 数不同",
  "column weight has {0}, expected a number from 0": "weight 列有 {0}，应为不小于 0 的数",
  "column weight is shorter than the others": "weight 列比其他列短",
  "column {0} is empty": "{0} 列为空",
  "column {0} has nulls": "{0} 列有空值",
  "column {0} points outside of its values": "{0} 列指向其值之外",
  "column {0} has {1}, which no token has": "{0} 列有 {1}，没有词元是这个 id",
  "is damaged: {0}; make it again": "已损坏：{0}；请重新生成",
  "holds no tools: {0}": "没有工具定义：{0}",
  "expected another completion than chosen, got the same": "应与 chosen 不同，实际相同",
  "expected true or false, got {0}": "应为 true 或 false，实为{0}",
  "missing; expected {0}": "缺少；应有 {0}",
  "a row of texts needs a tokenizer, and the model has none; give {0}":
    "文本形式的行需要分词器，而模型没有；请给出 {0}",
  "expected the same tokens before both completions; the chat template writes the prompt in two ways":
    "两个回答之前的词元应相同；对话模板把提问写成了两种形式",
  "expected at least one token, got none": "应至少有一个词元，实际没有",
  "expected texts, or lists of messages, on all sides, got {0} and {1}":
    "各方应同为文本或同为消息列表，实为{0}和{1}",
  "a number above 0 and up to 1": "大于 0 且不大于 1 的数",
  "no settings for {0}": "{0} 不带设置",
  "the settings {0} for {1}": "{1} 的设置 {0}",
  "a list of {0}": "{0}的列表",
  "every step once": "每个步骤只出现一次",
  "names out of {0}, with or without settings, or functions with names":
    "{0} 中的名称（可带设置），或有名称的函数",
  "a name of its own for a step of one's own": "自定义步骤须有自己的名称",
  "has no {0}.jsonl; name a folder that prepare wrote": "没有 {0}.jsonl；请指定 prepare 写出的文件夹",
  "rows that can be read twice, as the step boilerplate needs": "可读取两遍的数据（步骤 boilerplate 需要）",
  "a near copy ({0} of its 5-grams) of the row at {1}:{2}": "与 {1}:{2} 处的行近似重复（5-gram 相似度 {0}）",
  "a key only where personal data are masked": "仅在遮盖个人信息时才有密钥",
  "expected personal data that was sealed with this key in the field {0}, got what does not open; name the key file that the rows were prepared with":
    "字段 {0} 中应为用此密钥封存的个人信息，实际无法打开；请指定准备数据时所用的密钥文件",
  "is no key for personal data; name another file": "不是个人信息的密钥；请指定另一个文件",
  "one of these rows and settings ({0})": "属于这些行与设置的位置（{0}）",
  "has no {0}; prepare the rows with a model, whose tokenizer makes it":
    "没有 {0}；请在准备数据时给出模型，由其分词器生成",
  "holds a data set for each split; name the folder of one of them":
    "每个划分各有一个数据集；请指定其中一个的文件夹",
  "is a folder without a {0}, by which a saved data set is known; name a file":
    "是没有 {0} 的文件夹，不能识别为已保存的数据集；请指定文件",
  "expected a list of files in its folder under _data_files": "_data_files 下应为该文件夹中文件的列表",
  "has no rows in {0} or beside it; name a folder that prepare wrote":
    "{0} 及其旁边没有任何行；请指定 prepare 写出的文件夹",
  "expected a file, got something that is none": "应为文件，实际不是",
  "holds no rows": "没有数据行",
  "is of an unknown kind; expected JSONL, JSON, CSV, Parquet, Arrow or a .txt file":
    "类型未知；应为 JSONL、JSON、CSV、Parquet、Arrow 或 .txt 文件",
  "an output folder": "输出文件夹",
  "an output folder that does not exist or is empty": "尚不存在或为空的输出文件夹",
  "name a folder": "请指定文件夹",
  "name another folder": "请指定另一个文件夹",
  "name another one or allow overwriting": "请另指定一个，或允许覆盖",
  "move it away or name another folder": "请移走它，或指定另一个文件夹",
  "a folder that prepare wrote and nobody added to, as only that is overwritten":
    "由 prepare 写出且未添加其他内容的文件夹（只有这样的文件夹会被覆盖）",
  "one without a {0} of prepare": "没有 prepare 所写 {0} 的文件夹",
  "an output folder without any input in it, as overwriting deletes what it holds":
    "不含任何输入的输出文件夹，因为覆盖会删除其中的内容",
  "one that holds {0}": "含有 {0} 的文件夹",
  "at least one file or list of rows": "至少一个文件或一组数据行",
  "a share from 0 to 1": "0 到 1 的比例",
  "no leaks": "没有泄漏",
  "{0} leak": "{0} 处泄漏",
  "{0} leaks": "{0} 处泄漏",
  "changed since lathe prepare wrote it: {0}": "lathe prepare 写出后有改动：{0}",
  train: "训练集",
  validation: "验证集",
  test: "测试集",
};
