// What each function that JavaScript can call does with its arguments. exports.cc lists their names there.
#pragma once

#include "arguments.h"

namespace lathe {

// @param result what the call returns; undefined where it is left as it is
using Entry = void(const Arguments&, napi_value* result);

// products.cc
Entry callLinear, callLinearMany, callLinearInputGradient, callGemm;
// gated_linear.cc
Entry callGatedLinear, callGatedLinearBackward, callGatedHidden;
// rows.cc
Entry callRmsNormForward, callRmsNormBackward, callRotate, callScaleRows, callSumRows, callTranspose, callGatherRows,
    callScatterAddRows, callSampleRows;
// elementwise.cc
Entry callSwigluForward, callSwigluBackward, callAdd, callMultiply, callScale, callAddScaled, callExponential, callDropout;
// narrow.cc
Entry callToBf16, callFromBf16, callToInt8Rows, callToInt8Weights, callFromFp8Blocks;
// attention.cc
Entry callAttentionForward, callAttentionBackward, callAttentionDecode, callAttentionStep;
// losses.cc
Entry callCrossEntropyRows, callHeadLosses;
// optimiser.cc
Entry callAdamW, callAdamW8bit, callAdafactor, callSumOfSquares;
// memory.cc
Entry callAllocate, callFree, callMapFile, callDropPages, callMemory, callResetPeak, callTrimScratch, callThreads, callSetThreads;
// samples.cc
Entry callStartSamples, callStopSamples;

}  // namespace lathe
