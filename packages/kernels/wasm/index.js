"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.transpose = exports.rotate = exports.scaleValues = exports.exponentials = exports.dropoutMask = exports.crossEntropy = exports.attentionScratch = exports.attentionForward = exports.attentionBackward = void 0;
exports.heapBase = heapBase;
/**
 * Kernels in WebAssembly SIMD, one file each. All pointers are byte addresses in the module's own memory, all tensors
 * dense float32; the caller places them and leaves 16 bytes behind each for reads of whole vectors.
 */
var attention_1 = require("./attention");
Object.defineProperty(exports, "attentionBackward", { enumerable: true, get: function () { return attention_1.attentionBackward; } });
Object.defineProperty(exports, "attentionForward", { enumerable: true, get: function () { return attention_1.attentionForward; } });
Object.defineProperty(exports, "attentionScratch", { enumerable: true, get: function () { return attention_1.attentionScratch; } });
var cross_entropy_1 = require("./cross-entropy");
Object.defineProperty(exports, "crossEntropy", { enumerable: true, get: function () { return cross_entropy_1.crossEntropy; } });
var dropout_mask_1 = require("./dropout-mask");
Object.defineProperty(exports, "dropoutMask", { enumerable: true, get: function () { return dropout_mask_1.dropoutMask; } });
var exponential_1 = require("./exponential");
Object.defineProperty(exports, "exponentials", { enumerable: true, get: function () { return exponential_1.exponentials; } });
Object.defineProperty(exports, "scaleValues", { enumerable: true, get: function () { return exponential_1.scaleValues; } });
var rotate_1 = require("./rotate");
Object.defineProperty(exports, "rotate", { enumerable: true, get: function () { return rotate_1.rotate; } });
var transpose_1 = require("./transpose");
Object.defineProperty(exports, "transpose", { enumerable: true, get: function () { return transpose_1.transpose; } });
/** First byte that the module itself does not use. */
function heapBase() {
    return __heap_base;
}
