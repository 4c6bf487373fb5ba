// The demo's database: a small shop, with its shard keys and one reference table.

/** Statements that make the empty shop in the session's database. */
export const shopSchema: readonly string[] = [
  `CREATE REFERENCE TABLE products (
     id INT PRIMARY KEY,
     name VARCHAR(60) NOT NULL,
     category VARCHAR(20) NOT NULL,
     price DECIMAL(8,2) NOT NULL
   )`,
  `CREATE TABLE customers (
     id INT PRIMARY KEY,
     name VARCHAR(60) NOT NULL,
     email VARCHAR(80) NOT NULL,
     city VARCHAR(30) NOT NULL,
     joined DATE NOT NULL,
     KEY (city)
   )`,
  `CREATE TABLE orders (
     id INT NOT NULL,
     customer_id INT NOT NULL,
     placed DATETIME NOT NULL,
     status VARCHAR(10) NOT NULL,
     total DECIMAL(10,2) NOT NULL,
     PRIMARY KEY (customer_id, id),
     SHARD KEY (customer_id)
   )`,
  `CREATE TABLE order_lines (
     order_id INT NOT NULL,
     line INT NOT NULL,
     product_id INT NOT NULL,
     quantity INT NOT NULL,
     price DECIMAL(8,2) NOT NULL,
     PRIMARY KEY (order_id, line),
     SHARD KEY (order_id)
   )`,
];

/** The tables, and the order of their rows in which both sides are read. */
export const shopTables: readonly { readonly name: string; readonly key: string }[] = [
  { name: 'products', key: 'id' },
  { name: 'customers', key: 'id' },
  { name: 'orders', key: 'customer_id, id' },
  { name: 'order_lines', key: 'order_id, line' },
];
