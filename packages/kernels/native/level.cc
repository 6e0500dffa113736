// All kernels for one level. Compiled once a level with that level's instruction set and name (LATHE_LEVEL).
//
// Nothing here or in kernels/ uses templates or inline functions of the standard library: the linker keeps one copy of
// such a function for the whole addon, and that copy might be the one with instructions this machine lacks. For the same
// reason inline functions of headers that other files include, too, are static. src/levels.test.ts looks at the symbols.
#include "kernels/adafactor.h"
#include "kernels/adamw_8bit.h"
#include "kernels/attention.h"
#include "kernels/attention_backward.h"
#include "kernels/attention_decode.h"
#include "kernels/cross_entropy.h"
#include "kernels/dropout.h"
#include "kernels/elementwise.h"
#include "kernels/fp8_blocks.h"
#include "kernels/gated_linear.h"
#include "kernels/head.h"
#include "kernels/int8_weights.h"
#include "kernels/linear.h"
#include "kernels/narrow.h"
#include "kernels/optimiser.h"
#include "kernels/rms_norm.h"
#include "kernels/rotate.h"
#include "kernels/rows.h"
#include "kernels/sample_rows.h"

#define LATHE_TEXT_OF(name) #name
#define LATHE_TEXT(name) LATHE_TEXT_OF(name)

namespace lathe {
namespace LATHE_LEVEL {

extern const Kernels kernels;
const Kernels kernels = {
    LATHE_TEXT(LATHE_LEVEL),
    linear,
    linearInputGradient,
    gatedLinear,
    gatedLinearBackward,
    gatedHidden,
    gemm,
    rmsNormForward,
    rmsNormBackward,
    rotate,
    swigluForward,
    swigluBackward,
    add,
    multiplyElements,
    scale,
    addScaled,
    exponentialOf,
    scaleRows,
    sumRows,
    transpose,
    gatherRows,
    scatterAddRows,
    sampleRows,
    toBf16,
    fromBf16,
    toInt8Rows,
    toInt8Weights,
    fromFp8Blocks,
    dropout,
    attentionForward,
    attentionBackward,
    attentionDecode,
    crossEntropyRows,
    headLosses,
    adamW,
    adamW8bit,
    adafactor,
    sumOfSquares,
};

}  // namespace LATHE_LEVEL
}  // namespace lathe
