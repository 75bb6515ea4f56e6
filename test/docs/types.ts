/** What TypeScript knows of the sources, and of the programs in documents. */
import ts from "typescript";
import { root } from "../sources.js";
import { documentLine, type Snippet, textOf } from "./snippet.js";

const CONFIG = `${root}tsconfig.json`;

const { options: OPTIONS } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(CONFIG, (path) => ts.sys.readFile(path)).config,
  ts.sys,
  root,
  {
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    skipLibCheck: true,
    // A snippet is a module of its own, whether it imports something or not.
    moduleDetection: ts.ModuleDetectionKind.Force,
  },
  CONFIG,
);

export class Sources {
  readonly #paths: readonly string[];
  readonly #program: ts.Program;

  constructor(paths: readonly string[]) {
    this.#paths = paths.map((path) => `${root}${path}`);
    this.#program = ts.createProgram(this.#paths, OPTIONS);
  }

  /** The names that a source exports, types included. */
  exportsOf(path: string): string[] {
    const file = this.#program.getSourceFile(`${root}${path}`);
    const checker = this.#program.getTypeChecker();
    const symbol = file === undefined ? undefined : checker.getSymbolAtLocation(file);
    return symbol === undefined ? [] : checker.getExportsOfModule(symbol).map(({ name }) => name);
  }

  /**
   * What the docs of a function's option say of its default.
   *
   * @param path A source that exports the function.
   * @returns undefined if there is no such function or option, "" if its docs name no default
   */
  defaultOf(path: string, name: string, option: string): string | undefined {
    const checker = this.#program.getTypeChecker();
    const file = this.#program.getSourceFile(`${root}${path}`);
    const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
    const exported = module && checker.getExportsOfModule(module).find((symbol) => symbol.name === name);
    if (exported === undefined) return undefined;
    const options = checker
      .getTypeOfSymbol(exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported)
      .getCallSignatures()
      .flatMap(({ parameters }) => parameters)
      .flatMap((parameter) => typesIn(checker, checker.getTypeOfSymbol(parameter)))
      .map((type) => type.getProperty(option))
      .find((found) => found !== undefined);
    const tag = options?.getJsDocTags(checker).find((tag) => tag.name === "default");
    return options && ts.displayPartsToString(tag?.text);
  }

  /** Type-checks snippets beside the sources, all in one program. */
  check(snippets: readonly Snippet[]): TypeCheck {
    const paths = new Map(snippets.map((snippet, place) => [snippet, `${root}${snippet.file}.${place}.ts`]));
    const texts = new Map(snippets.map((snippet) => [paths.get(snippet), textOf(snippet)]));
    const files = ts.createCompilerHost(OPTIONS);
    const host: ts.CompilerHost = {
      ...files,
      fileExists: (path) => texts.has(path) || files.fileExists(path),
      readFile: (path) => texts.get(path) ?? files.readFile(path),
      getSourceFile: (path, version) => {
        const text = texts.get(path);
        return text === undefined ? files.getSourceFile(path, version) : ts.createSourceFile(path, text, version, true);
      },
    };
    const program = ts.createProgram([...paths.values(), ...this.#paths], OPTIONS, host, this.#program);
    return new TypeCheck(program, paths);
  }
}

/** What a parameter may be, without null and undefined; of a rest parameter what its elements may be. */
function typesIn(checker: ts.TypeChecker, type: ts.Type): ts.Type[] {
  const known = checker.getBaseConstraintOfType(type) ?? type;
  if (known.isUnion()) return known.types.flatMap((part) => typesIn(checker, part));
  if (!checker.isTupleType(known)) return [known];
  return checker.getTypeArguments(known as ts.TypeReference).flatMap((part) => typesIn(checker, part));
}

/** Codes of "implicitly has an 'any' type". */
const IMPLICIT_ANY: readonly number[] = [7006, 7031];

export class TypeCheck {
  readonly #program: ts.Program;
  readonly #paths: ReadonlyMap<Snippet, string>;

  constructor(program: ts.Program, paths: ReadonlyMap<Snippet, string>) {
    this.#program = program;
    this.#paths = paths;
  }

  /**
   * What is wrong with a snippet, a sentence for each fault.
   *
   * @param options.untyped May parameters go without types, as in JavaScript?
   */
  errorsOf(snippet: Snippet, options: { readonly untyped?: boolean } = {}): string[] {
    const file = this.#program.getSourceFile(this.#paths.get(snippet) ?? "");
    if (file === undefined) throw new Error(`${snippet.file}: was not type-checked`);
    return [...this.#program.getSyntacticDiagnostics(file), ...this.#program.getSemanticDiagnostics(file)]
      .filter(({ code }) => options.untyped !== true || !IMPLICIT_ANY.includes(code))
      .map(({ start = 0, messageText }) => {
        const line = documentLine(snippet, file.getLineAndCharacterOfPosition(start).line);
        return `${snippet.file}:${line}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
      });
  }
}
