import type { JSX } from "preact";
import type { LinkedPage } from "../../runs-api.js";
import { visibleText } from "@lathe/report/parts";
import type { ViewProps } from "./view-props.js";

/** Pages that verbs wrote, to be opened. */
export function PageLinks({
  pages,
  said,
  linkTo,
}: Pick<ViewProps, "said" | "linkTo"> & { readonly pages: readonly LinkedPage[] }): JSX.Element {
  return (
    <ul class="pages">
      {pages.map(({ id, kind }) => (
        <li key={id}>
          <a href={linkTo({ view: "page", page: id })}>
            {said.kinds[kind]}: {visibleText(id)}
          </a>
        </li>
      ))}
    </ul>
  );
}
