/** The type of what a pattern names, read from its literal. */

/** What ends a name in a pattern: all of ASCII that no identifier has. */
type Stop =
  // biome-ignore format: a table
  | "/"
  | "-"
  | "."
  | ":"
  | "*"
  | "{"
  | "}"
  | "\\"
  | "~"
  | "!"
  | "@"
  | "#"
  | "%"
  | "&"
  | "("
  | ")"
  | "="
  | "+"
  | ","
  | ";"
  | "'"
  | '"'
  | "`"
  | "<"
  | ">"
  | "["
  | "]"
  | "?"
  | "^"
  | "|"
  | " ";

/** The name at the beginning of a text, and what comes after it. */
type Name<Text extends string, Found extends string = ""> = Text extends `${infer Letter}${infer Rest}`
  ? Letter extends Stop
    ? [Found, Text]
    : Name<Rest, `${Found}${Letter}`>
  : [Found, ""];

/** The same, where it may stand in quotes. */
type Named<Text extends string> = Text extends `"${infer Quoted}"${infer Rest}` ? [Quoted, Rest] : Name<Text>;

/** The names of a pattern with the types of their values; `Depth` is as long as it is deep in optional groups. */
type Found<Text extends string, Depth extends readonly 0[], Sure, Maybe> = Text extends `${infer Sign}${infer Rest}`
  ? Sign extends "\\"
    ? Rest extends `${string}${infer After}`
      ? Found<After, Depth, Sure, Maybe>
      : [Sure, Maybe]
    : Sign extends "{"
      ? Found<Rest, readonly [0, ...Depth], Sure, Maybe>
      : Sign extends "}"
        ? Found<Rest, Depth extends readonly [0, ...infer Out extends readonly 0[]] ? Out : [], Sure, Maybe>
        : Sign extends ":" | "*"
          ? Named<Rest> extends [infer Key extends string, infer After extends string]
            ? Depth extends readonly []
              ? Found<After, Depth, Sure & Readonly<Record<Key, Value<Sign>>>, Maybe>
              : Found<After, Depth, Sure, Maybe & { readonly [K in Key]?: Value<Sign> }>
            : [Sure, Maybe]
          : Found<Rest, Depth, Sure, Maybe>
  : [Sure, Maybe];

type Value<Sign> = Sign extends "*" ? readonly string[] : string;

type Flat<T> = { [K in keyof T]: T[K] };

/**
 * What a pattern of a path names: `:id` is a string, `*rest` a list of the parts between slashes, and what stands in `{}`
 * may be absent.
 */
export type PathParams<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string | readonly string[]>>
  : Found<Pattern, [], unknown, unknown> extends [infer Sure, infer Maybe]
    ? Flat<Sure & Maybe>
    : never;
