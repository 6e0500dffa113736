// Everything that JavaScript can call. The typed form of this surface is src/native-kernels.ts; each entry says what it takes.
#include "exports.h"

namespace lathe {

const std::vector<Export> kernelExports = {
    {"linear", 5, callLinear},
    {"linearMany", 3, callLinearMany},
    {"linearInputGradient", 4, callLinearInputGradient},
    {"gatedLinear", 6, callGatedLinear},
    {"gatedLinearBackward", 6, callGatedLinearBackward},
    {"gatedHidden", 3, callGatedHidden},
    {"gemm", 4, callGemm},
    {"rmsNormForward", 4, callRmsNormForward},
    {"rmsNormBackward", 6, callRmsNormBackward},
    {"rotate", 7, callRotate},
    {"swigluForward", 3, callSwigluForward},
    {"swigluBackward", 5, callSwigluBackward},
    {"add", 3, callAdd},
    {"multiply", 3, callMultiply},
    {"scale", 3, callScale},
    {"scaleRows", 3, callScaleRows},
    {"sumRows", 3, callSumRows},
    {"toBf16", 2, callToBf16},
    {"fromBf16", 2, callFromBf16},
    {"toInt8Rows", 3, callToInt8Rows},
    {"toInt8Weights", 3, callToInt8Weights},
    {"addScaled", 3, callAddScaled},
    {"exponential", 2, callExponential},
    {"transpose", 4, callTranspose},
    {"gatherRows", 3, callGatherRows},
    {"scatterAddRows", 4, callScatterAddRows},
    {"dropout", 6, callDropout},
    {"attentionForward", 6, callAttentionForward},
    {"attentionBackward", 10, callAttentionBackward},
    {"attentionDecode", 5, callAttentionDecode},
    {"attentionStep", 6, callAttentionStep},
    {"crossEntropyRows", 5, callCrossEntropyRows},
    {"headLosses", 8, callHeadLosses},
    {"adamW", 2, callAdamW},
    {"sumOfSquares", 1, callSumOfSquares},
    {"sampleRows", 3, callSampleRows},
};

const std::vector<Export> commonExports = {
    {"allocate", 1, callAllocate},
    {"free", 1, callFree},
    {"mapFile", 3, callMapFile},
    {"memory", 0, callMemory},
    {"resetPeak", 0, callResetPeak},
    {"trimScratch", 0, callTrimScratch},
    {"threads", 0, callThreads},
    {"setThreads", 1, callSetThreads},
};

}  // namespace lathe
