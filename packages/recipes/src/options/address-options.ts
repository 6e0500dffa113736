import { option } from "@lathe/files";
import { z } from "zod";

/** Where a page is served. */
export const addressOptions = {
  host: option(
    z.string().min(1).default("127.0.0.1"),
    "address to serve on; 0.0.0.0 lets other machines in",
    { placeholder: "address" },
  ),
  port: option(z.int().min(1).max(65_535).optional(), "port to serve on", {
    defaultText: "that of the last time, else a free one",
  }),
};
