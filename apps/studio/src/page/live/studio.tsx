import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Client } from "../client.js";
import { useLanguage } from "../use-language.js";
import type { Language } from "../words.js";
import { ChatView } from "./chat-view.js";
import { CompareView } from "./compare-view.js";
import { PageView } from "./page-view.js";
import { hashOf, parsePlace, type Route, watchedRuns } from "./route.js";
import { RunView } from "./run-view.js";
import { RunsView } from "./runs-view.js";
import { type Connection, useLive } from "./use-live.js";
import type { ViewProps } from "./view-props.js";
import { type RunsWords, runsWords } from "./words.js";

/** The studio: runs as they go on, compared, and talked to. */
export function Studio(): JSX.Element {
  const { language, otherCode, change } = useLanguage((one) => runsWords[one].title);
  const [{ secret, route }, setPlace] = useState(() => parsePlace(location.hash));
  const said = runsWords[language];
  useEffect(() => {
    const onHash = (): void => setPlace(parsePlace(location.hash));
    addEventListener("hashchange", onHash);
    return () => removeEventListener("hashchange", onHash);
  }, []);
  return (
    <>
      <header>
        <span class="name">
          <a href={hashOf({ secret, route: { view: "runs" } })}>Lathe</a>
        </span>
        <button type="button" class="plain" lang={otherCode} onClick={change}>
          {said.language}
        </button>
      </header>
      <main>
        {secret === "" ? (
          <p role="alert">{said.noLink}</p>
        ) : (
          <Open key={secret} {...{ secret, route, language, said }} />
        )}
      </main>
    </>
  );
}

function Open({
  secret,
  route,
  language,
  said,
}: {
  readonly secret: string;
  readonly route: Route;
  readonly language: Language;
  readonly said: RunsWords;
}): JSX.Element {
  const [client] = useState(() => new Client(secret));
  const { state, connection } = useLive(secret, watchedRuns(route));
  const linkTo = (to: Route): string => hashOf({ secret, route: to });
  const content = useRef<HTMLDivElement>(null);
  const key = hashOf({ secret, route });
  const isFirst = useRef(true);
  useEffect(() => {
    // Who follows a link by keys or hears the page is taken to what has opened.
    if (!isFirst.current) content.current?.querySelector<HTMLElement>("h1")?.focus();
    isFirst.current = false;
    scrollTo(0, 0);
  }, [key]);
  if (connection.name === "refused") return <p role="alert">{refusal(connection, said)}</p>;
  return (
    <>
      <div role="status" class={connection.name === "lost" ? "notice" : ""} data-connection={connection.name}>
        {connection.name === "lost" && said.lost}
        {state === null && connection.name === "connecting" && said.loading}
      </div>
      <div ref={content} key={key}>
        {state !== null && <View {...{ client, state, language, said, linkTo, route }} />}
      </div>
    </>
  );
}

const refusal = ({ status, reason }: Extract<Connection, { name: "refused" }>, said: RunsWords): string =>
  status === 401 ? said.badLink : said.refused(reason);

function View({ route, ...props }: ViewProps & { readonly route: Route }): JSX.Element {
  switch (route.view) {
    case "runs":
      return <RunsView {...props} />;
    case "run":
      return <RunView {...props} run={route.run} />;
    case "chat":
      return <ChatView {...props} run={route.run} />;
    case "compare":
      return <CompareView {...props} runs={route.runs} />;
    case "page":
      return <PageView {...props} page={route.page} />;
  }
}
