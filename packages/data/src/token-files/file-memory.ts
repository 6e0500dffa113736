/** Maps files into memory; the native kernels of `@lathe/kernels` do. */
export interface FileMemory {
  /** The bytes of a file, which are read as they are looked at. The file must not be truncated while it is mapped. */
  mapFile(path: string): ArrayBuffer;
  /** Takes the mapping back and detaches the buffer. */
  free(buffer: ArrayBuffer): void;
}
