import type { JSX } from "preact";
import { visibleText } from "@lathe/report/parts";
import type { ViewProps } from "./view-props.js";

/** A page that a verb wrote, in a frame that keeps it apart from this one. */
export function PageView({ state, said, linkTo, page }: ViewProps & { readonly page: string }): JSX.Element {
  const found = state.pages.find(({ id }) => id === page);
  const name = visibleText(page);
  return (
    <>
      <nav class="crumbs">
        <a href={linkTo({ view: "runs" })}>{said.back}</a>
      </nav>
      <h1 tabIndex={-1}>{name}</h1>
      {found === undefined ? (
        <p>{said.gone}</p>
      ) : (
        <>
          <p>
            <a href={found.link} target="_blank" rel="noreferrer">
              {said.openPage}
            </a>
          </p>
          <iframe class="page" title={name} src={found.link} sandbox="allow-scripts" />
        </>
      )}
    </>
  );
}
