/** Where a page ended: the sort value of its last item, and its id as the tie-breaker. */
export interface PagePosition {
  readonly value: string | number;
  readonly id: string;
}

/** One page of a list that is walked by key. */
export interface PageQuery<Filter extends string, Sort extends string> {
  /** Field and value, all of which must hold; null: the field has no value. */
  readonly filters: Readonly<Partial<Record<Filter, string | null>>>;
  readonly sort: { readonly field: Sort; readonly descending: boolean };
  /** 1 to 500. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: PagePosition | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: PagePosition | null;
  /** How many match the filters, on all pages. */
  readonly total: number;
}
