/** A reference parser of event streams, step by step as WHATWG HTML, 9.2.6, words it. */

export interface ReceivedEvent {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
}

/** What a browser makes of a whole `text/event-stream`: the events it tells its listeners of, and its state after them. */
export function interpret(stream: string): {
  readonly events: readonly ReceivedEvent[];
  readonly lastEventId: string;
  readonly reconnectionTime: number | undefined;
} {
  const events: ReceivedEvent[] = [];
  let reconnectionTime: number | undefined;
  let lastEventId = "";
  let data = "";
  let type = "";
  let idBuffer = "";

  const dispatch = (): void => {
    lastEventId = idBuffer;
    if (data !== "") {
      events.push({ type: type === "" ? "message" : type, data: data.replace(/\n$/, ""), lastEventId });
    }
    data = "";
    type = "";
  };
  const process = (field: string, value: string): void => {
    if (field === "event") type = value;
    else if (field === "data") data += `${value}\n`;
    else if (field === "id" && !value.includes("\0")) idBuffer = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) reconnectionTime = Number(value);
  };

  const text = stream.replace(/^\ufeff/, "");
  const lines = text.split(/\r\n|\n|\r/);
  // What follows the last line break is not a line, and a block that no empty line ends is dropped.
  for (const line of lines.slice(0, -1)) {
    const colon = line.indexOf(":");
    if (line === "") dispatch();
    else if (colon === -1) process(line, "");
    else if (colon > 0) process(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ""));
  }
  return { events, lastEventId, reconnectionTime };
}
