# Drives Perl's DBD::mysql as the test says on stdin, and answers on stdout (see client-program.ts).
use strict;
use warnings;
use DBI qw(:sql_types);
use Digest::SHA;
use Encode qw(decode_utf8 encode_utf8);

my (%connections, %ways);

# What the library hands over, as text in UTF-8 or as the bytes that it is.
sub bytes_of {
    my ($value) = @_;
    return utf8::is_utf8($value) ? encode_utf8($value) : $value;
}

sub shown { return defined $_[0] ? '"' . unpack('H*', bytes_of($_[0])) . '"' : 'null' }

sub connected {
    my ($on, $way, $port, $user, $password, $database, $ca) = @_;
    my $address = "DBI:mysql:database=$database;host=127.0.0.1;port=$port";
    $address .= ";mysql_ssl=1;mysql_ssl_ca_file=$ca;mysql_ssl_verify_server_cert=1" if $ca ne '';
    my %options = (RaiseError => 1, PrintError => 0, AutoCommit => 1, mysql_enable_utf8mb4 => 1);
    $options{mysql_server_prepare} = $options{mysql_server_prepare_disable_fallback} = 1
        if $way eq 'prepared';
    $ways{$on} = $way;
    $connections{$on} = DBI->connect($address, $user, $password, \%options);
    return '{}';
}

sub bind_text {
    my ($statement, $i, $text) = @_;
    my ($kind, $value) = split /:/, $text, 2;
    return $statement->bind_param($i, undef) if $kind eq 'null';
    return $statement->bind_param($i, $value, SQL_BIGINT) if $kind eq 'integer';
    return $statement->bind_param($i, $value, SQL_DOUBLE) if $kind eq 'double';
    return $statement->bind_param($i, $value) if $kind eq 'datetime';
    return $statement->bind_param($i, decode_utf8(pack('H*', $value))) if $kind eq 'text';
    my ($piece, $times) = split /\*/, $value;
    my $data = pack('H*', $piece) x ($times // 1);
    return $statement->bind_param($i, $data, SQL_BLOB);
}

sub run {
    my ($on, $how, $sql, @parameters) = @_;
    my $streams = $how eq 'digest' && $ways{$on} eq 'text';
    my %options = $streams ? (mysql_use_result => 1) : ();
    my $statement = $connections{$on}->prepare(decode_utf8(pack('H*', $sql)), \%options);
    bind_text($statement, $_ + 1, $parameters[$_]) for 0 .. $#parameters;
    my $affected = $statement->execute();
    return '{"affected":' . ($affected + 0) . '}' unless $statement->{NUM_OF_FIELDS};
    my $names = join ',', map { shown($_) } @{ $statement->{NAME} };
    my ($count, $bytes, $hash, @rows) = (0, 0, Digest::SHA->new(256));
    while (my $row = $statement->fetchrow_arrayref) {
        if ($how eq 'digest') {
            $count++;
            for my $value (@$row) {
                my $data = bytes_of($value);
                $bytes += length $data;
                $hash->add($data);
            }
        } else {
            push @rows, '[' . join(',', map { shown($_) } @$row) . ']';
        }
    }
    return qq({"count":$count,"bytes":$bytes,"digest":") . $hash->hexdigest . '"}'
        if $how eq 'digest';
    return "{\"names\":[$names],\"rows\":[" . join(',', @rows) . ']}';
}

my %commands = (
    connect => \&connected,
    run => \&run,
    begin => sub { $connections{ $_[0] }->begin_work; '{}' },
    commit => sub { $connections{ $_[0] }->commit; '{}' },
    rollback => sub { $connections{ $_[0] }->rollback; '{}' },
    close => sub { (delete $connections{ $_[0] })->disconnect; '{}' },
);

$| = 1;
while (my $line = <STDIN>) {
    chomp $line;
    my ($name, @arguments) = split /\t/, $line, -1;
    my $answer = eval { $commands{$name}->(@arguments) };
    if (!defined $answer) {
        my ($number, $state) = ($DBI::err // 0, $DBI::state // '');
        my $message = unpack 'H*', bytes_of($DBI::errstr // "$@");
        $answer = "{\"error\":[$number,\"$state\",\"$message\"]}";
    }
    print "$answer\n";
}
