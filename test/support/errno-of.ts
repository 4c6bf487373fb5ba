// The number of the error that a MySQL client is answered.

/** 0 where there is none. */
export async function errnoOf(answer: Promise<unknown>): Promise<number> {
  try {
    await answer;
    return 0;
  } catch (error) {
    return Number((error as { errno?: number }).errno);
  }
}
