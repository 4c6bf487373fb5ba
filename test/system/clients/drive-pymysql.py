# Drives PyMySQL as the test says on stdin, and answers on stdout (see client-program.ts).
import datetime, decimal, hashlib, json, sys
import pymysql

connections = {}


def bytes_of(value):
    """What the library hands over, as text in UTF-8 or as the bytes that it is."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, decimal.Decimal):
        return format(value, 'f').encode()
    if isinstance(value, datetime.timedelta):
        micros = value // datetime.timedelta(microseconds=1)
        sign, micros = ('-' if micros < 0 else ''), abs(micros)
        seconds, rest = divmod(micros, 1000000)
        parts = (sign, seconds // 3600, seconds // 60 % 60, seconds % 60, rest)
        return ('%s%02d:%02d:%02d.%06d' % parts).encode()
    if isinstance(value, datetime.datetime):
        return value.isoformat(' ').encode()
    if isinstance(value, set):
        return ','.join(sorted(value)).encode()
    return (repr(value) if isinstance(value, float) else str(value)).encode()


def parameter(text):
    kind, _, value = text.partition(':')
    if kind == 'null':
        return None
    if kind == 'integer':
        return int(value)
    if kind == 'double':
        return float(value)
    if kind == 'text':
        return bytes.fromhex(value).decode()
    if kind == 'bytes':
        return bytes.fromhex(value)
    if kind == 'datetime':
        return datetime.datetime.fromisoformat(value)
    piece, _, times = value.partition('*')
    return bytes.fromhex(piece) * int(times)


def connect(on, way, port, user, password, database, ca):
    connections[on] = pymysql.connect(
        host='127.0.0.1', port=int(port), user=user, password=password.encode(),
        database=database or None, charset='utf8mb4', autocommit=True, binary_prefix=True,
        max_allowed_packet=64 << 20, ssl={'ca': ca} if ca else None)
    return {}


def rows_of(cursor):
    return [[None if v is None else bytes_of(v).hex() for v in row] for row in cursor.fetchall()]


def digest_of(cursor):
    count, size, digest = 0, 0, hashlib.sha256()
    for row in cursor:
        count += 1
        for value in row:
            data = b'' if value is None else bytes_of(value)
            size += len(data)
            digest.update(data)
    return {'count': count, 'bytes': size, 'digest': digest.hexdigest()}


def run(on, how, sql, *parameters):
    cursor = connections[on].cursor(pymysql.cursors.SSCursor if how == 'digest' else None)
    values = [parameter(text) for text in parameters]
    cursor.execute(bytes.fromhex(sql).decode().replace('?', '%s') if values
                   else bytes.fromhex(sql).decode(), values or None)
    try:
        if cursor.description is None:
            return {'affected': cursor.rowcount}
        if how == 'digest':
            return digest_of(cursor)
        return {'names': [column[0].encode().hex() for column in cursor.description],
                'rows': rows_of(cursor)}
    finally:
        cursor.close()


commands = {
    'connect': connect,
    'run': run,
    'begin': lambda on: connections[on].begin() or {},
    'commit': lambda on: connections[on].commit() or {},
    'rollback': lambda on: connections[on].rollback() or {},
    'close': lambda on: connections.pop(on).close() or {},
}

states = {}


def raise_with_state(packet):
    """PyMySQL leaves the SQLSTATE out of its exceptions: it is kept beside them here."""
    data = packet._data
    states[int.from_bytes(data[1:3], 'little')] = data[4:9].decode() if data[3:4] == b'#' else ''
    raise_error(data)


raise_error = pymysql.err.raise_mysql_exception
pymysql.protocol.MysqlPacket.raise_for_error = raise_with_state

for line in sys.stdin:
    name, *arguments = line.rstrip('\n').split('\t')
    try:
        answer = commands[name](*arguments)
    except pymysql.MySQLError as error:
        number = error.args[0] if error.args else 0
        message = str(error.args[1] if len(error.args) > 1 else error)
        answer = {'error': [number, states.get(number, ''), message.encode().hex()]}
    print(json.dumps(answer), flush=True)
