/**
 * out[n] = table[ids[n]].
 * @param table [V, width]   @param out [N, width], overwritten   @param ids N row numbers below V, checked by the caller
 */
export function gatherRows(table: Float32Array, ids: Int32Array, out: Float32Array, width: number): void {
  for (let n = 0; n < ids.length; n++) {
    const start = ids[n] * width;
    out.set(table.subarray(start, start + width), n * width);
  }
}
