/** Packages whose types do not go with this project's, or that have none: what is used of them is said where it is used. */
export async function load<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}
