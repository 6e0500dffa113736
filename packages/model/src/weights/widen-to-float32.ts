import { bfloat16ToFloat32, float16ToFloat32 } from "./half-precision.js";
import { swapOnBigEndianHost } from "./little-endian.js";
import { type Dtype, dtypeSizes } from "./tensor-info.js";

/** Element types that have a conversion to float32. */
export function widensToFloat32(dtype: Dtype): boolean {
  return dtype !== "F8_E4M3" && dtype !== "F8_E5M2";
}

/**
 * Elements as a file holds them, as float32: exact for F32, F16, BF16, BOOL and integers up to 24 bits, else rounded to
 * the nearest float32.
 * @param bytes little-endian elements, at the start of their buffer; their order may be turned in place
 * @param target receives the values
 * @throws RangeError for 8-bit floats: their meaning depends on scales that lie in other tensors
 */
export function widenToFloat32(dtype: Dtype, bytes: Uint8Array<ArrayBuffer>, target: Float32Array): void {
  swapOnBigEndianHost(bytes, dtypeSizes[dtype]);
  const { buffer, byteOffset } = bytes;
  const count = target.length;
  switch (dtype) {
    case "F32":
      target.set(new Float32Array(buffer, byteOffset, count));
      break;
    case "F16":
      float16ToFloat32(new Uint16Array(buffer, byteOffset, count), target);
      break;
    case "BF16":
      bfloat16ToFloat32(new Uint16Array(buffer, byteOffset, count), target);
      break;
    case "F64":
      target.set(new Float64Array(buffer, byteOffset, count));
      break;
    case "I64":
      roundBigIntegers(new BigInt64Array(buffer, byteOffset, count), target);
      break;
    case "U64":
      roundBigIntegers(new BigUint64Array(buffer, byteOffset, count), target);
      break;
    case "I32":
      target.set(new Int32Array(buffer, byteOffset, count));
      break;
    case "U32":
      target.set(new Uint32Array(buffer, byteOffset, count));
      break;
    case "I16":
      target.set(new Int16Array(buffer, byteOffset, count));
      break;
    case "U16":
      target.set(new Uint16Array(buffer, byteOffset, count));
      break;
    case "I8":
      target.set(new Int8Array(buffer, byteOffset, count));
      break;
    case "U8":
    case "BOOL":
      target.set(bytes.subarray(0, count));
      break;
    case "F8_E4M3":
    case "F8_E5M2":
      throw new RangeError(`widenToFloat32: expected a type other than 8-bit floats, got ${dtype}`);
  }
}

function roundBigIntegers(source: BigInt64Array | BigUint64Array, target: Float32Array): void {
  for (let i = 0; i < target.length; i++) target[i] = Number(source[i]);
}
