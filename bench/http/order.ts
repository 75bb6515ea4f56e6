/** What the rows about JSON do with it. */

export interface Order {
  readonly id: number;
  readonly customer: { readonly name: string };
  readonly lines: readonly { readonly count: number; readonly price: number }[];
  readonly tags: readonly string[];
}

export function receipt({ id, customer, lines, tags }: Order): object {
  let total = 0;
  for (const { count, price } of lines) total += count * price;
  return { id, customer: customer.name, lines: lines.length, total, tags, note: null };
}
