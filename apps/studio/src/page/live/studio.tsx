import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { BrowserStore } from "../browser-store.js";
import { Client } from "../client.js";
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

const settings = new BrowserStore("lathe:");

const languageOfBrowser = (): Language =>
  navigator.languages.some((language) => language.toLowerCase().startsWith("zh")) ? "zh" : "en";

/** The studio: runs as they go on, compared, and talked to. */
export function Studio(): JSX.Element {
  const [language, setLanguage] = useState(() => settings.get<Language>("language") ?? languageOfBrowser());
  const [{ secret, route }, setPlace] = useState(() => parsePlace(location.hash));
  const said = runsWords[language];
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = `${said.title} – Lathe`;
  }, [language]);
  useEffect(() => {
    const onHash = (): void => setPlace(parsePlace(location.hash));
    addEventListener("hashchange", onHash);
    return () => removeEventListener("hashchange", onHash);
  }, []);
  const other: Language = language === "en" ? "zh" : "en";
  const change = (): void => {
    settings.set("language", other);
    setLanguage(other);
  };
  return (
    <>
      <header>
        <span class="name">
          <a href={hashOf({ secret, route: { view: "runs" } })}>Lathe</a>
        </span>
        <button type="button" class="plain" lang={other === "zh" ? "zh-CN" : "en"} onClick={change}>
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
