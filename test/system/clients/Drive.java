// Drives MariaDB's JDBC driver as the test says on stdin, and answers on stdout (see
// client-program.ts).
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.*;
import java.util.*;

public class Drive {
  private static final Map<String, Connection> connections = new HashMap<>();
  private static final HexFormat hex = HexFormat.of();

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String answer;
      try {
        answer = obey(line.split("\t", -1));
      } catch (SQLException error) {
        byte[] message = String.valueOf(error.getMessage()).getBytes(StandardCharsets.UTF_8);
        String state = error.getSQLState() == null ? "" : error.getSQLState();
        answer = "{\"error\":[" + error.getErrorCode() + ",\"" + state + "\",\""
            + hex.formatHex(message) + "\"]}";
      }
      out.println(answer);
      out.flush();
    }
  }

  private static String obey(String[] words) throws Exception {
    String on = words[1];
    switch (words[0]) {
      case "connect" -> connections.put(on, connect(words));
      case "run" -> {
        return run(connections.get(on), words);
      }
      case "begin" -> connections.get(on).setAutoCommit(false);
      case "commit" -> {
        connections.get(on).commit();
        connections.get(on).setAutoCommit(true);
      }
      case "rollback" -> {
        connections.get(on).rollback();
        connections.get(on).setAutoCommit(true);
      }
      default -> connections.remove(on).close();
    }
    return "{}";
  }

  private static Connection connect(String[] words) throws SQLException {
    Properties options = new Properties();
    options.put("user", words[4]);
    options.put("password", words[5]);
    options.put("useServerPrepStmts", String.valueOf(words[2].equals("prepared")));
    options.put("yearIsDateType", "false");
    options.put("tinyInt1isBit", "false");
    options.put("serverTimezone", "UTC");
    if (!words[7].isEmpty()) {
      options.put("useSsl", "true");
      options.put("serverSslCert", words[7]);
    }
    String address = "jdbc:mariadb://127.0.0.1:" + words[3] + "/" + words[6];
    return DriverManager.getConnection(address, options);
  }

  private static String run(Connection connection, String[] words) throws Exception {
    String sql = new String(hex.parseHex(words[3]), StandardCharsets.UTF_8);
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 4; i < words.length; i++) bind(statement, i - 3, words[i]);
      if (words[2].equals("digest")) statement.setFetchSize(1000);
      if (!statement.execute()) return "{\"affected\":" + statement.getUpdateCount() + "}";
      try (ResultSet rows = statement.getResultSet()) {
        return words[2].equals("digest") ? digest(rows) : all(rows);
      }
    }
  }

  private static void bind(PreparedStatement statement, int i, String text) throws Exception {
    String[] parts = text.split(":", 2);
    switch (parts[0]) {
      case "null" -> statement.setNull(i, Types.VARCHAR);
      case "integer" -> bindInteger(statement, i, new BigInteger(parts[1]));
      case "double" -> statement.setDouble(i, Double.parseDouble(parts[1]));
      case "text" ->
          statement.setString(i, new String(hex.parseHex(parts[1]), StandardCharsets.UTF_8));
      case "bytes" -> statement.setBytes(i, hex.parseHex(parts[1]));
      case "datetime" -> statement.setTimestamp(i, Timestamp.valueOf(parts[1]));
      default -> statement.setBytes(i, repeated(parts[1].split("\\*")));
    }
  }

  private static void bindInteger(PreparedStatement statement, int i, BigInteger value)
      throws SQLException {
    if (value.bitLength() < Long.SIZE) statement.setLong(i, value.longValue());
    else statement.setBigDecimal(i, new BigDecimal(value));
  }

  private static byte[] repeated(String[] pieceAndTimes) {
    byte[] piece = hex.parseHex(pieceAndTimes[0]);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = Integer.parseInt(pieceAndTimes[1]); i > 0; i--) all.writeBytes(piece);
    return all.toByteArray();
  }

  /** What the library hands over, as text in UTF-8 or as the bytes that it is. */
  private static byte[] bytesOf(ResultSet rows, int i, int type) throws SQLException {
    String text;
    switch (type) {
      case Types.BINARY, Types.VARBINARY, Types.LONGVARBINARY, Types.BLOB, Types.BIT -> {
        return rows.getBytes(i);
      }
      case Types.REAL, Types.FLOAT, Types.DOUBLE ->
          text = rows.getObject(i) == null ? null : String.valueOf(rows.getDouble(i));
      case Types.DECIMAL -> {
        BigDecimal value = rows.getBigDecimal(i);
        text = value == null ? null : value.toPlainString();
      }
      default -> text = rows.getString(i);
    }
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  private static String digest(ResultSet rows) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    ResultSetMetaData columns = rows.getMetaData();
    long count = 0;
    long size = 0;
    while (rows.next()) {
      count++;
      for (int i = 1; i <= columns.getColumnCount(); i++) {
        byte[] data = bytesOf(rows, i, columns.getColumnType(i));
        if (data == null) continue;
        size += data.length;
        digest.update(data);
      }
    }
    return "{\"count\":" + count + ",\"bytes\":" + size + ",\"digest\":\""
        + hex.formatHex(digest.digest()) + "\"}";
  }

  private static String all(ResultSet rows) throws SQLException {
    ResultSetMetaData columns = rows.getMetaData();
    StringJoiner names = new StringJoiner(",", "[", "]");
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      byte[] name = columns.getColumnLabel(i).getBytes(StandardCharsets.UTF_8);
      names.add("\"" + hex.formatHex(name) + "\"");
    }
    StringJoiner list = new StringJoiner(",", "[", "]");
    while (rows.next()) {
      StringJoiner row = new StringJoiner(",", "[", "]");
      for (int i = 1; i <= columns.getColumnCount(); i++) {
        byte[] data = bytesOf(rows, i, columns.getColumnType(i));
        row.add(data == null ? "null" : "\"" + hex.formatHex(data) + "\"");
      }
      list.add(row.toString());
    }
    return "{\"names\":" + names + ",\"rows\":" + list + "}";
  }
}
