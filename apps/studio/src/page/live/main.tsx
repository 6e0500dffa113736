import { render } from "preact";
import { Studio } from "./studio.js";

render(<Studio />, document.getElementById("studio")!);
