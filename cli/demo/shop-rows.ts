// The shop's rows, made up from a seed: the same seed gives the same shop.

/** A row's values in the order of the columns, as MySQL takes them. */
export type ShopRow = readonly (string | number)[];

export interface OrderRows {
  readonly order: ShopRow;
  readonly lines: readonly ShopRow[];
}

const firstNames =
  'Ada Amir Anna Bea Carlos Chen Clara David Elif Emma Fatima Felix Grace Hana Hugo Ines Ivan ' +
  'Jana Jonas Kofi Lea Liam Lina Luis Maja Marco Mei Mila Nadia Nils Noah Olga Omar Paula Priya ' +
  'Rosa Samir Sara Sofia Tariq Tom Uma Vera Wei Yusuf Zoe';
const lastNames =
  'Adler Almeida Bauer Becker Brown Castro Chen Costa Dubois Fischer Garcia Haddad Hansen Ito ' +
  'Jansen Kaya Keller Khan Kim Kowalski Larsen Lopez Mensah Meyer Moreau Novak Okafor Olsen Park ' +
  'Patel Petrov Rossi Santos Sato Schmidt Silva Singh Tanaka Torres Vogel Weber Wolf Yilmaz';
const cities =
  'Accra Amsterdam Athens Berlin Bogotá Cairo Dublin Geneva Hanoi Istanbul Kraków Lagos Lima ' +
  'Lisbon Lyon Málaga Mumbai Nairobi Osaka Oslo Porto Quito Riga Seoul Tallinn Toronto Zürich';
const goods: Readonly<Record<string, string>> = {
  kitchen: 'kettle pan teapot mug bowl knife grater whisk scale jar',
  garden: 'spade rake hose planter lantern bench trellis trowel basket glove',
  office: 'notebook lamp pen stapler folder desk chair clock ruler tray',
  outdoor: 'tent backpack bottle stove rope torch blanket compass mat hammock',
};
const qualities = 'small large red blue oak steel copper classic folding woven';
const statuses = ['placed', 'paid', 'packed', 'sent', 'sent', 'sent'];

/** Numbers from a seed: mulberry32, a public-domain generator of 32 bits of state. */
class SeededNumbers {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A uniform integer, 0 <= result < limit. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** Makes products, customers and orders without an end; ids count from 1. */
export class ShopRows {
  readonly #numbers: SeededNumbers;
  readonly #priceCents: number[] = [];
  #customers = 0;
  #orders = 0;

  constructor(seed: number) {
    this.#numbers = new SeededNumbers(seed);
  }

  get orders(): number {
    return this.#orders;
  }

  product(): ShopRow {
    const numbers = this.#numbers;
    const category = numbers.pick(Object.keys(goods));
    const thing = numbers.pick((goods[category] ?? '').split(' '));
    const name = `${numbers.pick(qualities.split(' '))} ${thing}`;
    const cents = 199 + numbers.below(15_000);
    this.#priceCents.push(cents);
    return [this.#priceCents.length, name, category, euros(cents)];
  }

  customer(): ShopRow {
    const numbers = this.#numbers;
    const id = ++this.#customers;
    const first = numbers.pick(firstNames.split(' '));
    const last = numbers.pick(lastNames.split(' '));
    const email = `${first}.${last}.${id}@example.com`.toLowerCase();
    const city = numbers.pick(cities.split(' '));
    return [id, `${first} ${last}`, email, city, this.#day()];
  }

  /** An order of a customer that is there already, and its lines. */
  order(): OrderRows {
    const numbers = this.#numbers;
    const id = ++this.#orders;
    let totalCents = 0;
    const lines = Array.from({ length: 1 + numbers.below(5) }, (_, index) => {
      const product = numbers.below(this.#priceCents.length);
      const cents = this.#priceCents[product] ?? 0;
      const quantity = 1 + numbers.below(4);
      totalCents += cents * quantity;
      return [id, index + 1, product + 1, quantity, euros(cents)];
    });
    const time = [numbers.below(24), numbers.below(60), numbers.below(60)].map(twoDigits).join(':');
    const customer = 1 + numbers.below(this.#customers);
    const placed = `${this.#day()} ${time}`;
    return { order: [id, customer, placed, numbers.pick(statuses), euros(totalCents)], lines };
  }

  #day(): string {
    const numbers = this.#numbers;
    const year = 2021 + numbers.below(5);
    return `${year}-${twoDigits(1 + numbers.below(12))}-${twoDigits(1 + numbers.below(28))}`;
  }
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** An exact decimal: binary fractions have no place in prices. */
function euros(cents: number): string {
  return `${Math.floor(cents / 100)}.${twoDigits(cents % 100)}`;
}
