import { NF4_CODEBOOK, type WeightMatrix } from "@lathe/kernels";

/** Weight matrices [rows, columns] in every format with their values. @param floats a seeded generator */
export function weightMatrices(
  floats: (length: number) => Float32Array,
  rows: number,
  columns: number,
): { name: string; matrix: WeightMatrix; values: Float32Array }[] {
  const shape = [rows, columns] as const;
  const bytes = (count: number): Uint8Array => Uint8Array.from(floats(count), (x) => (x + 1) * 127.99);
  const size = rows * columns;
  const dense = floats(size);
  const codes = Int8Array.from(floats(size), (x) => x * 127);
  const scales = floats(rows).map((x) => Math.abs(x) / 50);
  const half = Uint16Array.of(0x3c00, 0xb800, 0x0001, 0x6000, 0x2e66); // 1, −0.5, 2⁻²⁴, 512, 0.1
  const halfValues = [1, -0.5, 2 ** -24, 512, 0.0999755859375];
  const brain = Uint16Array.of(0x3f80, 0xc000, 0x3dcd); // 1, −2, 0.10009765625
  const brainValues = [1, -2, 0.10009765625];
  const eighths = Uint8Array.from(dense, (_, i) => [0x38, 0xb4, 0x01, 0x7e][i % 4]);
  const eighthValues = [1, -0.75, 2 ** -9, 448];
  // Powers of two, whose products need no rounding.
  const eighthScales = floats(rows * Math.ceil(columns / 128)).map((x) => 2 ** Math.round(4 * x - 4));
  const pairs = bytes(rows * Math.ceil(columns / 2));
  const rowBlocks = Math.ceil(columns / 64);
  const blockScales = floats(rows * rowBlocks).map((x) => Math.abs(x) + 0.1);
  const nested = {
    codes: bytes(rows * rowBlocks),
    scales: floats(Math.ceil((rows * rowBlocks) / 256)).map((x) => Math.abs(x)),
    map: floats(256),
    offset: 0.25,
  };
  const nf4Values = (scaleOf: (block: number) => number): Float32Array =>
    Float32Array.from({ length: size }, (_, place) => {
      const [row, column] = [Math.floor(place / columns), place % columns];
      const pair = pairs[row * Math.ceil(columns / 2) + (column >> 1)];
      const value = NF4_CODEBOOK[column % 2 === 0 ? pair >> 4 : pair & 15];
      return value * scaleOf(row * rowBlocks + Math.floor(column / 64));
    });
  return [
    { name: "fp32", matrix: { format: "fp32", shape, codes: dense, scales: null }, values: dense },
    {
      name: "fp16",
      matrix: { format: "fp16", shape, codes: Uint16Array.from(dense, (_, i) => half[i % 5]), scales: null },
      values: dense.map((_, i) => halfValues[i % 5]),
    },
    {
      name: "bf16",
      matrix: { format: "bf16", shape, codes: Uint16Array.from(dense, (_, i) => brain[i % 3]), scales: null },
      values: dense.map((_, i) => brainValues[i % 3]),
    },
    {
      name: "int8",
      matrix: { format: "int8", shape, codes, scales },
      values: Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / columns)]),
    },
    {
      name: "fp8",
      matrix: { format: "fp8", shape, codes: eighths, scales: eighthScales },
      values: Float32Array.from(
        eighths,
        (_, i) =>
          eighthValues[i % 4] *
          eighthScales[Math.floor(i / columns) * Math.ceil(columns / 128) + Math.floor((i % columns) / 128)],
      ),
    },
    {
      name: "nf4",
      matrix: { format: "nf4", shape, codes: pairs, scales: blockScales },
      values: nf4Values((block) => blockScales[block]),
    },
    {
      name: "nf4 with nested scales",
      matrix: { format: "nf4", shape, codes: pairs, scales: null, nested },
      values: nf4Values(
        (block) => nested.offset + nested.scales[Math.floor(block / 256)] * nested.map[nested.codes[block]],
      ),
    },
  ];
}
