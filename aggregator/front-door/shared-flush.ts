// Answers that are made in one turn of the event loop leave at its end, one after another.
//
// A client that waits for its answer sleeps, and waking its processor is the dearest part of a
// short answer. Where several leave right behind one another it is woken once for all of them; sent
// one by one, each finds it asleep again. A single answer gains nothing and leaves at once, so what
// clients do is counted now and then.

/** Who has an answer. */
export interface Answerer {
  /** The turn ends: the answer leaves. */
  endTurn(): void;
}

/** Of so many answers that left at once, one looks how many others its turn has. */
const SAMPLED_ANSWERS = 32;
/** So many turns with a single answer, and answers leave at once again. */
const SINGLE_TURNS_MAX = 8;

/** The short answers of all connections of a front door. */
export class SharedFlush {
  #waiting: Answerer[] = [];
  #answersTillSample = 0;
  #isShared = false;
  #singleTurns = 0;
  readonly #onTurnEnd = (): void => this.#endTurn();

  /** True: the answerer is told when this turn ends. False: its answer is to leave at once. */
  joins(answerer: Answerer): boolean {
    if (!this.#isShared && this.#answersTillSample > 0) {
      this.#answersTillSample -= 1;
      return false;
    }
    if (this.#waiting.length === 0) setImmediate(this.#onTurnEnd);
    this.#waiting.push(answerer);
    return true;
  }

  #endTurn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#singleTurns = waiting.length > 1 ? 0 : this.#singleTurns + 1;
    if (waiting.length > 1) this.#isShared = true;
    else if (this.#singleTurns >= SINGLE_TURNS_MAX) this.#isShared = false;
    if (!this.#isShared) this.#answersTillSample = SAMPLED_ANSWERS;
    for (const each of waiting) each.endTurn();
  }
}
