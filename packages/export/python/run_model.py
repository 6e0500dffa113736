"""A model folder in Transformers, with an adapter in PEFT where one is named, answered for line by line.

usage: python run_model.py '{"model": DIR, "adapter": DIR or null, "tokenizer": bool}'

Each line of stdin is a request and each of stdout its answer, both JSON. The first answer has the versions, the chat template and the names of
the adapter's tensors that PEFT has no place for. Computed in float32 on one thread.
"""

import base64
import json
import os
import sys

answers = os.fdopen(os.dup(1), "w")
# What libraries print is no answer.
os.dup2(2, 1)
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"


def answer(**values):
    answers.write(json.dumps(values) + "\n")
    answers.flush()


def complaint_of(error):
    text = f"{type(error).__name__}: {error}".strip()
    return " ".join(text.split())[:500]


def unused_tensors(model, adapter):
    """Names of tensors in the adapter's file that PEFT did not load as they are."""
    import torch
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import load_file

    stored = load_file(os.path.join(adapter, "adapter_model.safetensors"))
    loaded = get_peft_model_state_dict(model, save_embedding_layers=False)
    return sorted(
        name for name in stored if name not in loaded or not torch.equal(stored[name].float(), loaded[name].float())
    )


def opened(options):
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    versions = f"Transformers {transformers.__version__}"
    model = transformers.AutoModelForCausalLM.from_pretrained(options["model"], dtype=torch.float32)
    unused = []
    if options["adapter"] is not None:
        import peft

        versions = f"PEFT {peft.__version__}, {versions}"
        model = peft.PeftModel.from_pretrained(model, options["adapter"])
        unused = unused_tensors(model, options["adapter"])
    # The file as it is: for some architectures AutoTokenizer puts rules of cutting of its own in the place of the file's.
    fast = transformers.PreTrainedTokenizerFast
    tokenizer = fast.from_pretrained(options["model"]) if options["tokenizer"] else None
    return model.eval(), tokenizer, versions, unused


def main():
    try:
        import torch

        model, tokenizer, versions, unused = opened(json.loads(sys.argv[1]))
    except Exception as error:
        answer(error=complaint_of(error))
        return 1
    answer(name=versions, template=getattr(tokenizer, "chat_template", None), unused=unused)

    def logits_of(ids, last):
        with torch.inference_mode():
            return model(input_ids=torch.tensor([ids]), logits_to_keep=last).logits[0].float()

    def greedy(ids, count, ends):
        reply, cache, step = [], None, ids
        while len(reply) < count:
            with torch.inference_mode():
                output = model(input_ids=torch.tensor([step]), past_key_values=cache, use_cache=True)
            cache = output.past_key_values
            token = int(output.logits[0, -1].argmax())
            reply.append(token)
            step = [token]
            if token in ends:
                break
        return reply

    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if asked["ask"] == "tokenize":
                answer(value=tokenizer.encode(asked["text"], add_special_tokens=False) if tokenizer else [])
            elif asked["ask"] == "logits":
                values = logits_of(asked["ids"], 1)[-1].contiguous().numpy().astype("<f4")
                answer(value=base64.b64encode(values.tobytes()).decode())
            elif asked["ask"] == "greedy":
                answer(value=greedy(asked["ids"], asked["count"], asked["ends"]))
            else:
                answer(value=logits_of(asked["ids"], len(asked["ids"]) - asked["start"]).argmax(-1).tolist())
        except Exception as error:
            answer(error=complaint_of(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
