import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { SessionReply } from "../api.js";
import { AdjudicateView } from "./adjudicate-view.js";
import { AnnotateView } from "./annotate-view.js";
import { BrowserStore } from "./browser-store.js";
import { Client } from "./client.js";
import { ResultsView } from "./results-view.js";
import { useServer } from "./use-server.js";
import { type Language, words, type Words } from "./words.js";

const settings = new BrowserStore("lathe:");

const languageOfBrowser = (): Language =>
  navigator.languages.some((language) => language.toLowerCase().startsWith("zh")) ? "zh" : "en";

/** The page: whose link it is decides what is in it. */
export function Room(): JSX.Element {
  const [language, setLanguage] = useState(() => settings.get<Language>("language") ?? languageOfBrowser());
  const [secret, setSecret] = useState(() => location.hash.slice(1));
  const said = words[language];
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = `${said.title} – Lathe`;
  }, [language]);
  useEffect(() => {
    // Another link in the same tab changes nothing but what follows the #.
    const onHash = (): void => setSecret(location.hash.slice(1));
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
        <span class="name">Lathe</span>
        <button type="button" class="plain" lang={other === "zh" ? "zh-CN" : "en"} onClick={change}>
          {said.language}
        </button>
      </header>
      <main>
        {secret === "" ? (
          <p role="alert">{said.noLink}</p>
        ) : (
          <Member key={secret} secret={secret} said={said} />
        )}
      </main>
    </>
  );
}

function Member({ secret, said }: { readonly secret: string; readonly said: Words }): JSX.Element {
  const [client] = useState(() => new Client(secret));
  const [{ reply: session, isLost, refusal }] = useServer("/api/session", (path) =>
    client.get<SessionReply>(path),
  );
  if (refusal !== null) return <p role="alert">{refusal.status === 401 ? said.badLink : refusal.message}</p>;
  if (session === null) return <p role="status">{isLost ? said.cannotLoad : said.loading}</p>;
  const store = new BrowserStore(`lathe:${session.study}:${session.name}:`);
  switch (session.role) {
    case "annotator":
      return <AnnotateView {...{ client, store, said }} />;
    case "adjudicator":
      return <AdjudicateView {...{ client, store, said }} />;
    case "coordinator":
      return <ResultsView {...{ client, said }} />;
  }
}
