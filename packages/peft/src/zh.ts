import type { Translations } from "@lathe/files";

/** 本包对人所说文字的中文，键为英文原文；`{0}`、`{1}` 为填入的内容。 */
export const zh: Translations = {
  "{0}: several processes share its weight, and DoRA, kept zeros and initial matrices that are subtracted ask for all of it; leave one of them out":
    "{0}：它的权重由几个进程分摊，而 DoRA、保持零值和减去初始矩阵都需要完整的权重；请去掉其中之一",
  "{0}: several processes share it, and its bias cannot be trained; train no biases":
    "{0}：它由几个进程分摊，其偏置无法训练；请不要训练偏置",
  "false where the weights are not read": "不读取权重时为 false",
  "kaiming where the weights are not read": "不读取权重时为 kaiming",
  "none where the weights are not read": "不读取权重时为 none",
  "null where the weights are not read": "不读取权重时为 null",
  "LoRA config, key {0}": "LoRA 配置，键 {0}",
  "a regular expression of at most {0} characters": "至多 {0} 个字符的正则表达式",
  "a regular expression without look-around and back-references": "不含环视和反向引用的正则表达式",
  "a key among {0}": "{0} 之一的键",
  "one that is unknown": "未知的键",
  "false beside useDora, which rescales whole rows": "与 useDora 同用时为 false（它会缩放整行）",
  "kaiming beside DoRA": "与 DoRA 同用时为 kaiming",
  "null beside a regular expression as target, which can name the layers itself":
    "目标为正则表达式时为 null（它可自行指定层）",
  "a list of names, or null for none": "名称列表，或以 null 表示没有",
  "an object from names to numbers": "从名称到数字的对象",
  "a list of layer numbers or { start, end } with start below end":
    "层号列表，或 start 小于 end 的 { start, end }",
  "a list of names among {0}, or a regular expression that matches a whole path such as {1}":
    "{0} 中的名称列表，或匹配完整路径（例如 {1}）的正则表达式",
  "the name of a linear among {0}, the end of its path, or a role ({1})":
    "{0} 中的线性层名称、其路径的末尾或角色（{1}）",
  "layers within 0 to {0} that hold a target": "0 到 {0} 之间含有目标的层",
  "to leave one of {0} to adapt": "至少留下 {0} 之一可供适配",
  "{0}, which excludes all targets": "{0}（排除了所有目标）",
  "at most {0}, the longer side of {1} [{2}]": "不大于 {0} 的值（{1} [{2}] 的长边）",
  "modules without a target in them, as what is saved is trained as a whole":
    "不含目标的模块（保存的模块会整体训练）",
  "{0}, which holds the target {1}": "{0}（含有目标 {1}）",
  "the end of a module's path, such as {0}": "模块路径的末尾，例如 {0}",
  "an adapter folder": "适配器文件夹",
  "the config of a PEFT adapter": "PEFT 适配器的配置",
  "the adapter's weights": "适配器的权重",
  "only adapter_model.bin, which is not read": "仅有不受支持的 adapter_model.bin",
  "save the adapter as safetensors": "请将适配器保存为 safetensors",
  "only what the config asks for: LoRA matrices, such as base_model.model.….lora_A.weight, and tensors of modules_to_save and bias":
    "仅含配置所要求的内容：LoRA 矩阵（例如 base_model.model.….lora_A.weight）以及 modules_to_save 和 bias 的张量",
  "a tensor of another kind": "其他种类的张量",
  "it may come from another method, or the config is of another adapter":
    "它可能来自其他方法，或配置属于另一个适配器",
  "a linear of the model": "模型的线性层",
  "{0}, which it does not have": "模型没有的 {0}",
  "the adapter is of another model": "适配器属于另一个模型",
  "the adapter may be of another model": "适配器可能属于另一个模型",
  "only linears that target_modules picks": "仅含 target_modules 选中的线性层",
  "config and weights are of different adapters": "配置与权重不属于同一适配器",
  "no magnitudes, as use_dora is false": "没有 magnitude（use_dora 为 false）",
  one: "有一个",
  "each matrix once": "每个矩阵只出现一次",
  "it beside {0}": "与 {0} 并存",
  "remove one": "请去掉其中一个",
  "rank {0} on {1} [{2}, {3}]": "{1} [{2}, {3}] 上的秩 {0}",
  "the tensor, as {0} asks for it": "{0} 所要求的张量",
  "the file is incomplete or of another model": "文件不完整或属于另一个模型",
  "shape [{0}] for {1}": "{1} 所需的形状 [{0}]",
  "the adapter is of another model, or its config of another adapter":
    "适配器属于另一个模型，或其配置属于另一个适配器",
  "null, false or nothing: Lathe does not have this option": "null、false 或不出现：Lathe 没有此选项",
  "kaiming or pissa, where no initial matrices are given": "kaiming 或 pissa（未给出初始矩阵时）",
  "{0} numbers": "{0} 个数字",
  "a tensor of {0}, which the adapter has trained as a whole": "{0} 类型的张量（适配器整体训练了它）",
  "merge into the model before it is quantised": "请在量化之前合并到模型",
  "a weight of {0} with shape [{1}] for the adapter on {2}": "{2} 上的适配器所需的 {0} 权重，形状 [{1}]",
  "LoRA config, key {0}: {1} {2}": "LoRA 配置，键 {0}：{1} {2}",
  "matched no linear; there are {0}": "没有匹配任何线性层；可用的有 {0}",
  "excluded nothing": "没有排除任何层",
  "are not layers of the model": "不是模型的层",
  "matched no adapted linear": "没有匹配任何被适配的线性层",
  "{0}, tensor {1}: passed over; the model's own weight is used": "{0}，张量 {1}：已跳过；使用模型自身的权重",
  "{0}: the model's adapters are merged into its weights; unmerge it first":
    "{0}：模型的适配器已合并到权重中；请先取消合并",
  "expected an adapter named {0}, got a model without adapters": "应有名为 {0} 的适配器，而模型没有适配器",
  "expected an adapter among {0}, got {1}": "应为适配器 {0} 之一，实为 {1}",
  "trainableParameters: expected an active adapter, got a model without one; attach one":
    "trainableParameters：应有启用的适配器，而模型没有；请附加一个",
  "trainableParameters: expected the name of the adapter to train, got {0} active":
    "trainableParameters：应给出要训练的适配器的名称，而启用的有 {0}",
  "trainableParameters: adapter {0} is not active; activate it first":
    "trainableParameters：适配器 {0} 未启用；请先启用它",
  "{0}: its bias is trained by the adapter {1} already; detach that, or train no biases":
    "{0}：其偏置已由适配器 {1} 训练；请移除该适配器，或不训练偏置",
  "{0} has an adapter {1} already": "{0} 已有适配器 {1}",
  "expected a name for the adapter, got an empty one": "应给出适配器的名称，实为空",
  "the model has an adapter named {0} already; detach it or choose another name":
    "模型已有名为 {0} 的适配器；请移除它或另选名称",
  "the adapters {0} both have modules of their own (modules_to_save): make one of them active":
    "适配器 {0} 都有自己的模块 (modules_to_save)：请只启用其一",
  "the adapter {0} trains whole modules or biases, which cannot be in force for some rows alone":
    "适配器 {0} 训练整个模块或偏置，这些无法只对部分行生效",
  "expected {0}": "应为 {0}",
  "the name of a folder to make": "要新建的文件夹的名称",
  "one that exists": "已存在的",
  "nothing is overwritten; choose another name": "不会覆盖任何内容；请另选名称",
  "LoRA config, key {0}: no adapted weight is zero, so there is nothing to keep, and steps take longer for it; leave it out, or prune the model first":
    "LoRA 配置，键 {0}：所适配的权重中没有零，因此没有可保留的，每步反而更慢；请去掉它，或先对模型剪枝",
  "LoRA config, key {0}: {1} trains nothing more, as no linear that it means has a bias":
    "LoRA 配置，键 {0}：{1} 不会多训练任何参数，因为所指的线性层都没有偏置",
  "a whole number from 1 on": "不小于 1 的整数",
  "a whole number from 0 on": "不小于 0 的整数",
  "a probability in [0, 1)": "[0, 1) 内的概率",
  "at least one target": "至少一个目标",
  "at least one layer, or null for all": "至少一层，或以 null 表示全部",
  "layer numbers from 0 on": "从 0 起的层号",
  "a name or a regular expression": "名称或正则表达式",
  "a list of names or one regular expression": "名称列表或一个正则表达式",
  "a name that is not empty": "非空的名称",
};
