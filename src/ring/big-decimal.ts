/** Decimal numbers that keep every digit, as JSON wrote them. Source: `java.math.BigDecimal`. */

import { InvalidArgumentError } from "../errors/index.js";

const LITERAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?$/;

/**
 * A decimal number with all its digits: what `bigdecimals: true` makes of numbers with a point or an exponent.
 *
 * It holds and writes a number, exactly, and does not calculate: hand its text to the decimal library of your choice.
 * `wrapJsonResponse` writes it as the number it is; `JSON.stringify`, which cannot, as a string.
 *
 * @example
 * String(new BigDecimal("1.50")); // => "1.50"
 * String(new BigDecimal("1e2")); // => "1E+2"
 * Number(new BigDecimal("1.50")); // => 1.5
 * @see Source: `java.math.BigDecimal`: its text, and no arithmetic.
 */
export class BigDecimal {
  readonly #text: string;

  /**
   * @param literal A number as JSON spells it; the exponent has up to nine digits.
   * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for anything else.
   */
  constructor(literal: string) {
    const [, sign, whole, fraction = "", exponent = "0"] = LITERAL.exec(literal) ?? [];
    if (sign === undefined || whole === undefined) {
      throw new InvalidArgumentError('BigDecimal: a number as JSON spells it is expected, such as "-1.50" or "1e2"');
    }
    this.#text = spell(sign, (whole + fraction).replace(/^0+(?=\d)/, ""), fraction.length - Number(exponent));
  }

  /** The digits in Java's spelling: with an exponent only where zeros would have to be made up. */
  toString(): string {
    return this.#text;
  }

  /** The nearest double. */
  valueOf(): number {
    return Number(this.#text);
  }

  /** The text, so that no digit is lost. */
  toJSON(): string {
    return this.#text;
  }
}

/** The digits, the last `scale` of them after the point. */
function spell(sign: string, digits: string, scale: number): string {
  const minus = digits === "0" ? "" : sign;
  if (scale === 0) return minus + digits;
  const exponent = digits.length - 1 - scale;
  if (scale > 0 && exponent >= -6) {
    const padded = digits.padStart(scale + 1, "0");
    return `${minus}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  }
  const mantissa = digits.length === 1 ? digits : `${digits.charAt(0)}.${digits.slice(1)}`;
  return `${minus}${mantissa}${exponent === 0 ? "" : `E${exponent > 0 ? "+" : ""}${exponent}`}`;
}
