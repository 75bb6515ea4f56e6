/** HTML in which everything is escaped that is not markup itself. */

/** Text that is markup, and stays as it is. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

type Content = Markup | string | number | undefined | readonly Content[];

function write(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "object") return content.map(write).join("");
  return String(content).replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

/** Markup with values in it, which are escaped; lists are joined, undefined is nothing. */
export function html(markup: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = markup[0] as string;
  for (const [index, value] of values.entries()) text += write(value) + (markup[index + 1] as string);
  return new Markup(text);
}

/** A whole document, which loads nothing from anywhere. */
export function htmlPage(title: string, style: string, body: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}
