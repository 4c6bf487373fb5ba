#!/usr/bin/env sysbench
-- A hundred rows of one owner, who lives in one partition: SELECT … WHERE owner = ?

sysbench.cmdline.options = {
  owners = {"Owners, each with a hundred rows", 500},
  twinleaf = {"Spread the table by its owners", false}
}

local rows = 100

function prepare()
  local connection = sysbench.sql.driver():connect()
  local shard = sysbench.opt.twinleaf and ", SHARD KEY (owner)" or ""
  connection:query("CREATE TABLE item (owner INT NOT NULL, id INT NOT NULL, k INT NOT NULL, " ..
    "c CHAR(120) NOT NULL, PRIMARY KEY (owner, id)" .. shard .. ")")
  for owner = 1, sysbench.opt.owners do
    connection:bulk_insert_init("INSERT INTO item (owner, id, k, c) VALUES")
    for id = 1, rows do
      local text = sysbench.rand.string("###########-###########-###########-###########-" ..
        "###########-###########-###########-###########-###########-###########")
      connection:bulk_insert_next(string.format("(%d, %d, %d, '%s')", owner, id,
        sysbench.rand.uniform(1, 100000), text))
    end
    connection:bulk_insert_done()
  end
end

local statement, parameter

function thread_init()
  connection = sysbench.sql.driver():connect()
  statement = connection:prepare("SELECT id, k, c FROM item WHERE owner = ?")
  parameter = statement:bind_create(sysbench.sql.type.INT)
  statement:bind_param(parameter)
end

function event()
  parameter:set(sysbench.rand.uniform(1, sysbench.opt.owners))
  statement:execute()
end

function thread_done()
  statement:close()
  connection:disconnect()
end
