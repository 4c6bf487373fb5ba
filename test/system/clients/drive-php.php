<?php
// Drives PHP's mysqli or PDO (the first argument) as the test says on stdin; answers on stdout.
// See client-program.ts.
ini_set('memory_limit', '1G');

function parameter(string $text): mixed
{
    [$kind, $value] = explode(':', $text . ':', 3);
    return match ($kind) {
        'null' => null,
        // What an int does not hold goes as text.
        'integer' => (string) (int) $value === $value ? (int) $value : $value,
        'double' => (float) $value,
        'text', 'bytes' => hex2bin($value),
        'datetime' => substr($text, 9),
        'repeated' => repeated($value),
    };
}

function repeated(string $value): string
{
    [$piece, $times] = explode('*', $value);
    return str_repeat(hex2bin($piece), (int) $times);
}

/** What the library hands over, as text in UTF-8 or as the bytes that it is. */
function bytesOf(mixed $value): string
{
    return is_float($value) ? json_encode($value) : (string) $value;
}

function answerOf(array $names, iterable $rows, string $how): array
{
    if ($how === 'digest') {
        $hash = hash_init('sha256');
        $count = $bytes = 0;
        foreach ($rows as $row) {
            $count++;
            foreach ($row as $value) {
                $bytes += strlen(bytesOf($value));
                hash_update($hash, bytesOf($value));
            }
        }
        return ['count' => $count, 'bytes' => $bytes, 'digest' => hash_final($hash)];
    }
    $shown = [];
    foreach ($rows as $row) {
        $shown[] = array_map(fn($v) => $v === null ? null : bin2hex(bytesOf($v)), $row);
    }
    return ['names' => array_map('bin2hex', $names), 'rows' => $shown];
}

class Mysqli_
{
    private mysqli $link;

    function __construct(private string $way, $port, $user, $password, $database, $ca)
    {
        mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
        $this->link = mysqli_init();
        if ($ca !== '') {
            $this->link->ssl_set(null, null, $ca, null, null);
        }
        $flags = $ca === '' ? 0 : MYSQLI_CLIENT_SSL;
        $to = ['127.0.0.1', $user, $password, $database === '' ? null : $database, (int) $port];
        $this->link->real_connect(...[...$to, null, $flags]);
        $this->link->set_charset('utf8mb4');
    }

    private function quoted(string $sql, array $parameters): string
    {
        if ($parameters === []) {
            return $sql;
        }
        $parts = explode('?', $sql);
        $text = array_shift($parts);
        foreach ($parts as $i => $part) {
            $value = parameter($parameters[$i]);
            $isBytes = preg_match('/^(bytes|repeated):/', $parameters[$i]);
            $text .= match (true) {
                $value === null => 'NULL',
                $isBytes && $value !== '' => "x'" . bin2hex($value) . "'",
                is_string($value) => "'" . $this->link->real_escape_string($value) . "'",
                default => bytesOf($value),
            };
            $text .= $part;
        }
        return $text;
    }

    function run(string $how, string $sql, array $parameters): array
    {
        if ($this->way === 'text') {
            $mode = $how === 'digest' ? MYSQLI_USE_RESULT : MYSQLI_STORE_RESULT;
            $result = $this->link->query($this->quoted($sql, $parameters), $mode);
            $affected = $this->link->affected_rows;
        } else {
            $statement = $this->link->prepare($sql);
            $values = array_map('parameter', $parameters);
            $types = array_map(fn($v) => is_int($v) ? 'i' : (is_float($v) ? 'd' : 's'), $values);
            if ($values !== []) {
                $statement->bind_param(implode('', $types), ...$values);
            }
            $statement->execute();
            $affected = $statement->affected_rows;
            $result = $statement->get_result();
        }
        if (is_bool($result)) {
            return ['affected' => $affected];
        }
        $names = array_map(fn($field) => $field->name, $result->fetch_fields());
        $rows = (function () use ($result) {
            while (is_array($row = $result->fetch_row())) {
                yield $row;
            }
        })();
        return answerOf($names, $rows, $how);
    }

    function begin(): void { $this->link->begin_transaction(); }
    function commit(): void { $this->link->commit(); }
    function rollback(): void { $this->link->rollback(); }
    function close(): void { $this->link->close(); }
}

class Pdo_
{
    private ?PDO $link;

    function __construct(private string $way, $port, $user, $password, $database, $ca)
    {
        $dsn = "mysql:host=127.0.0.1;port=$port;dbname=$database;charset=utf8mb4";
        $options = [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION];
        $options[PDO::ATTR_EMULATE_PREPARES] = $way === 'text';
        if ($ca !== '') {
            $options[PDO::MYSQL_ATTR_SSL_CA] = $ca;
        }
        $this->link = new PDO($dsn, $user, $password, $options);
    }

    function run(string $how, string $sql, array $parameters): array
    {
        $this->link->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, $how !== 'digest');
        $statement = $this->link->prepare($sql);
        foreach ($parameters as $i => $text) {
            $value = parameter($text);
            $type = match (true) {
                $value === null => PDO::PARAM_NULL,
                is_int($value) => PDO::PARAM_INT,
                (bool) preg_match('/^(bytes|repeated):/', $text) => PDO::PARAM_LOB,
                default => PDO::PARAM_STR,
            };
            $statement->bindValue($i + 1, is_float($value) ? bytesOf($value) : $value, $type);
        }
        $statement->execute();
        if ($statement->columnCount() === 0) {
            return ['affected' => $statement->rowCount()];
        }
        $names = [];
        for ($i = 0; $i < $statement->columnCount(); $i++) {
            $names[] = $statement->getColumnMeta($i)['name'];
        }
        $statement->setFetchMode(PDO::FETCH_NUM);
        return answerOf($names, $statement, $how);
    }

    function begin(): void { $this->link->beginTransaction(); }
    function commit(): void { $this->link->commit(); }
    function rollback(): void { $this->link->rollBack(); }
    function close(): void { $this->link = null; }
}

function failure(int $number, string $state, string $message): array
{
    return ['error' => [$number, $state, bin2hex($message)]];
}

$library = $argv[1] === 'pdo' ? 'Pdo_' : 'Mysqli_';
$connections = [];
while (($line = fgets(STDIN)) !== false) {
    $arguments = explode("\t", rtrim($line, "\n"));
    [$name, $on] = array_splice($arguments, 0, 2);
    try {
        $answer = [];
        if ($name === 'connect') {
            $connections[$on] = new $library(...$arguments);
        } elseif ($name === 'run') {
            [$how, $sql] = $arguments;
            $answer = $connections[$on]->run($how, hex2bin($sql), array_slice($arguments, 2));
        } else {
            $connections[$on]->$name();
        }
    } catch (mysqli_sql_exception $error) {
        $answer = failure($error->getCode(), $error->getSqlState(), $error->getMessage());
    } catch (PDOException $error) {
        [$state, $number] = $error->errorInfo ?? ['', $error->getCode()];
        $answer = failure((int) $number, $state, $error->getMessage());
    }
    echo json_encode((object) $answer), "\n";
}
