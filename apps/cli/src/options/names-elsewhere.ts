import type { NameHere } from "@lathe/command";

/**
 * What other trainers call the options here: the words are those of Transformers, PEFT, TRL, LLaMA-Factory, Axolotl, Unsloth,
 * torchtune and MLX, without dashes and in small letters. Here they are the option of that key, or that value of it.
 */
export const namesElsewhere: Readonly<Record<string, readonly string[]>> = {
  // Where things are.
  model: ["modelnameorpath", "basemodel", "modelname", "modelpath", "modelid", "pretrainedmodel", "m"],
  adapter: [
    "adapterpath",
    "adapternameorpath",
    "peftmodel",
    "peftmodelid",
    "loramodeldir",
    "loraweights",
    "lorapath",
    "loraadapter",
    "lora",
  ],
  initAdapter: ["resumeadapterfile", "loramodeldir", "adapternameorpath", "adapterpath"],
  data: [
    "dataset",
    "datasets",
    "datasetname",
    "datasetpath",
    "datapath",
    "trainfile",
    "traindata",
    "trainingdata",
  ],
  validation: [
    "validationfile",
    "evaldataset",
    "evalfile",
    "valdata",
    "valfile",
    "validationdata",
    "testdatasets",
  ],
  input: ["inputfile", "inputfiles", "rawdata", "data", "dataset", "i"],
  output: ["outputdir", "outputfolder", "out", "savedir", "savepath", "exportdir", "runname", "mlxpath", "o"],
  overwrite: ["overwriteoutputdir", "overwritecache", "force", "f"],
  resume: ["resumefromcheckpoint", "autoresumefromcheckpoints", "continue"],
  // How long and how much.
  epochs: ["numtrainepochs", "numepochs", "nepochs", "epoch", "trainepochs"],
  maxSteps: ["iters", "iterations", "trainsteps", "numsteps", "maxstepsperepoch"],
  batchSize: [
    "perdevicetrainbatchsize",
    "microbatchsize",
    "trainbatchsize",
    "perdevicebatchsize",
    "pergputrainbatchsize",
    "mbs",
    "bs",
    "b",
  ],
  gradientAccumulation: [
    "gradientaccumulationsteps",
    "gradaccum",
    "gradaccumulationsteps",
    "accumulationsteps",
  ],
  maxTokens: [
    "maxseqlength",
    "maxseqlen",
    "maxlength",
    "modelmaxlength",
    "cutofflen",
    "sequencelen",
    "blocksize",
    "contextlength",
    "seqlen",
    "maxpromptlength",
    "maxcompletionlength",
  ],
  overlong: ["truncation", "truncationmode", "excesslengthstrategy", "truncationside"],
  "lossOn=last": ["maskhistory", "trainlastturnonly"],
  logEvery: ["loggingsteps", "logevery", "logeverynsteps", "stepsperreport", "logginginterval"],
  saveEvery: ["savesteps", "saveinterval", "checkpointevery", "savefreq", "savestepinterval"],
  keepCheckpoints: ["savetotallimit", "maxcheckpoints", "keeplastncheckpoints"],
  patience: ["earlystoppingpatience", "earlystopping"],
  evalEvery: ["evalsteps", "evalinterval", "stepspereval", "evaluationsteps", "valinterval"],
  // How it learns.
  learningRate: ["lr", "maxlr", "peaklr", "learnrate"],
  schedule: ["lrschedulertype", "lrscheduler", "scheduler", "lrschedule", "schedulertype"],
  warmupSteps: ["warmup", "numwarmupsteps", "lrwarmupsteps", "warmupiters", "warmupratio"],
  weightDecay: ["wd", "decay"],
  maxGradNorm: ["gradclip", "clipgradnorm", "gradientclipping", "gradientclip", "clip", "maxnorm"],
  optimizer: ["optim", "optimizertype", "optimname"],
  beta1: ["adambeta1"],
  beta2: ["adambeta2"],
  epsilon: ["adamepsilon", "eps", "adameps"],
  labelSmoothing: ["labelsmoothingfactor"],
  // Preferences.
  objective: ["losstype", "prefloss", "stage", "rl"],
  beta: ["prefbeta", "dpobeta", "ktobeta", "orpobeta", "orpoalpha", "rlbeta"],
  neftuneAlpha: ["neftunenoisealpha", "neftune"],
  residualDropout: ["residpdrop", "residdropout", "hiddendropout", "hiddendropoutprob"],
  lisaLayers: ["lisaactivatedlayers", "lisanlayers"],
  lisaEvery: ["lisaintervalsteps", "lisastepinterval"],
  method: ["finetuningtype", "trainingmethod"],
  seed: ["randomseed", "dataseed", "randomstate"],
  "shuffle=false": ["disableshuffling"],
  "checkpointing=block": [
    "gradientcheckpointing",
    "gradcheckpoint",
    "usegradientcheckpointing",
    "activationcheckpointing",
  ],
  // The adapter.
  rank: ["r", "lorar", "lorarank", "loradim"],
  alpha: ["loraalpha", "lorascale"],
  dropout: ["loradropout"],
  targets: [
    "targetmodules",
    "loratargetmodules",
    "loratarget",
    "loramodules",
    "loratargets",
    "loraattnmodules",
  ],
  layers: ["layerstotransform", "numlayers", "loralayers", "layerrange"],
  init: ["initloraweights", "pissainit"],
  modulesToSave: ["loramodulestosave", "additionaltarget", "loramoduletosave"],
  bias: ["lorabias"],
  loraPlusRatio: ["loraplusratio", "loraplus", "lorapluslrratio"],
  useDora: ["dora", "loradora"],
  useRslora: ["rslora", "loraplusrs", "userslora"],
  // Where it computes and in what.
  engine: ["device", "backend", "devicemap", "accelerator"],
  "quantize=int8": ["loadin8bit", "int8", "8bit"],
  "quantize=nf4": ["loadin4bit", "qlora", "4bit", "quantizationbit", "quantization", "bnb4bit"],
  "precision=bf16": ["bf16", "torchdtype", "dtype", "purebf16"],
  "precision=fp16": ["fp16"],
  memory: ["maxmemory", "vram"],
  // Text.
  maxNewTokens: ["maxtokens", "maxgenlen", "maxlength", "npredict", "n"],
  temperature: ["temp", "t"],
  repetitionPenalty: ["repeatpenalty", "reppen"],
  stop: ["stopwords", "stopstrings", "stopsequences", "eos"],
  system: ["systemprompt", "defaultsystem", "systemmessage"],
  prompt: ["query", "text", "inputtext", "p"],
  format: ["bits", "qbits", "quantizationbit", "quanttype", "loadin4bit", "loadin8bit"],
  split: ["splits", "trainsplit", "valsize", "testsize", "splitratio"],
};

const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_.]/g, "");

/**
 * What an option that other trainers have is here.
 *
 * @param name with or without dashes, in any spelling   @param keys of the options that there are
 * @returns null where none is known, or there is none of it
 */
export function nameHere(name: string, keys: readonly string[]): NameHere | null {
  for (const [here, names] of Object.entries(namesElsewhere)) {
    const [key, value = null] = here.split("=");
    if (keys.includes(key) && names.includes(plain(name))) return { key, value };
  }
  return null;
}
