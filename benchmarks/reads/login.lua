#!/usr/bin/env sysbench
-- A connection with its login, one statement, and its end.

function prepare()
end

function thread_init()
  driver = sysbench.sql.driver()
end

function event()
  local connection = driver:connect()
  connection:query("SELECT 1")
  connection:disconnect()
end
