/** What the servers of events send: text that ends with a mark, by which the load counts. */
export const event: string = `${"message ".repeat(8).slice(0, 63)}!`;
