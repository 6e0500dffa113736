import { render } from "preact";
import { Room } from "./room.js";

render(<Room />, document.getElementById("room")!);
