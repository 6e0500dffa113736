// Everything that JavaScript can call. The typed form of this surface is src/native-kernels.ts; each entry says what it takes.
#include "exports.h"

namespace lathe {

const std::vector<Export> kernelExports = {
    {"linear", 5, callLinear, Activity::product},
    {"linearMany", 3, callLinearMany, Activity::product},
    {"linearInputGradient", 4, callLinearInputGradient, Activity::product},
    {"gatedLinear", 6, callGatedLinear, Activity::product},
    {"gatedLinearBackward", 6, callGatedLinearBackward, Activity::product},
    {"gatedHidden", 3, callGatedHidden, Activity::elementwise},
    {"gemm", 4, callGemm, Activity::lowRank},
    {"rmsNormForward", 4, callRmsNormForward, Activity::elementwise},
    {"rmsNormBackward", 6, callRmsNormBackward, Activity::elementwise},
    {"rotate", 7, callRotate, Activity::elementwise},
    {"swigluForward", 3, callSwigluForward, Activity::elementwise},
    {"swigluBackward", 5, callSwigluBackward, Activity::elementwise},
    {"add", 3, callAdd, Activity::elementwise},
    {"multiply", 3, callMultiply, Activity::elementwise},
    {"scale", 3, callScale, Activity::elementwise},
    {"scaleRows", 3, callScaleRows, Activity::elementwise},
    {"sumRows", 3, callSumRows, Activity::elementwise},
    {"toBf16", 2, callToBf16, Activity::elementwise},
    {"fromBf16", 2, callFromBf16, Activity::elementwise},
    {"toInt8Rows", 3, callToInt8Rows, Activity::elementwise},
    {"toInt8Weights", 3, callToInt8Weights, Activity::elementwise},
    {"fromFp8Blocks", 5, callFromFp8Blocks, Activity::elementwise},
    {"addScaled", 3, callAddScaled, Activity::elementwise},
    {"exponential", 2, callExponential, Activity::elementwise},
    {"transpose", 4, callTranspose, Activity::elementwise},
    {"gatherRows", 3, callGatherRows, Activity::elementwise},
    {"scatterAddRows", 4, callScatterAddRows, Activity::elementwise},
    {"dropout", 6, callDropout, Activity::elementwise},
    {"attentionForward", 6, callAttentionForward, Activity::attention},
    {"attentionBackward", 10, callAttentionBackward, Activity::attention},
    {"attentionDecode", 5, callAttentionDecode, Activity::attention},
    {"attentionStep", 6, callAttentionStep, Activity::attention},
    {"crossEntropyRows", 5, callCrossEntropyRows, Activity::head},
    {"headLosses", 8, callHeadLosses, Activity::head},
    {"adamW", 2, callAdamW, Activity::optimiser},
    {"sumOfSquares", 1, callSumOfSquares, Activity::optimiser},
    {"adamW8bit", 3, callAdamW8bit, Activity::optimiser},
    {"adafactor", 2, callAdafactor, Activity::optimiser},
    {"sampleRows", 3, callSampleRows, Activity::elementwise},
};

const std::vector<Export> commonExports = {
    {"allocate", 1, callAllocate, Activity::memory},
    {"free", 1, callFree, Activity::memory},
    {"mapFile", 3, callMapFile, Activity::memory},
    {"dropPages", 3, callDropPages, Activity::memory},
    {"memory", 0, callMemory, Activity::outside},
    {"resetPeak", 0, callResetPeak, Activity::outside},
    {"trimScratch", 0, callTrimScratch, Activity::memory},
    {"threads", 0, callThreads, Activity::outside},
    {"setThreads", 1, callSetThreads, Activity::outside},
    {"startSamples", 1, callStartSamples, Activity::outside},
    {"stopSamples", 0, callStopSamples, Activity::outside},
};

}  // namespace lathe
