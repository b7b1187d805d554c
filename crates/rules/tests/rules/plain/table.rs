//! The table: every operator by type, every error, precedence, macros, text.

use serde_json::json;

use super::check;

#[test]
fn numbers() {
    let rows = r"
        1 + 2 => 3
        1u + 2u => 3
        1.5 + 2.25 => 3.75
        5 - 7 => -2
        2u - 1u => 1
        2u - 3u => !overflow
        1.5 - 0.5 => 1.0
        6 * 7 => 42
        6u * 7u => 42
        1.5 * 2.0 => 3.0
        7 / 2 => 3
        -7 / 2 => -3
        7u / 2u => 3
        7.0 / 2.0 => 3.5
        7 % 3 => 1
        -7 % 3 => -1
        7 % -3 => 1
        7u % 3u => 1
        7.0 % 3.0 => !no_such_overload
        1 / 0 => !division_by_zero
        1u / 0u => !division_by_zero
        1 % 0 => !modulus_by_zero
        1u % 0u => !modulus_by_zero
        1.0 / 0.0 => \qInfinity\q
        -1.0 / 0.0 => \q-Infinity\q
        0.0 / 0.0 => \qNaN\q
        1 / 0u => !no_such_overload
        1 + 1u => !no_such_overload
        1 + 1.0 => !no_such_overload
        1u - 1 => !no_such_overload
        2 * 1.0 => !no_such_overload
        2u / 1.0 => !no_such_overload
        9223372036854775807 + 1 => !overflow
        9223372036854775807 - -1 => !overflow
        -9223372036854775807 - 1 => -9223372036854775808
        -9223372036854775807 - 2 => !overflow
        9223372036854775807 * 2 => !overflow
        (-9223372036854775807 - 1) / -1 => !overflow
        (-9223372036854775807 - 1) % -1 => !overflow
        -(-9223372036854775807 - 1) => !overflow
        18446744073709551615u + 1u => !overflow
        18446744073709551615u * 2u => !overflow
        18446744073709551615u => 18446744073709551615
        -9223372036854775808 => -9223372036854775808
        0xFF => 255
        0xFFu => 255
        1e3 => 1000.0
        -(1) => -1
        -(1.5) => -1.5
        -(1u) => !no_such_overload
        -'a' => !no_such_overload
        - true => !no_such_overload
        true + true => !no_such_overload
        null + null => !no_such_overload
        {} + {} => !no_such_overload
        'a' - 'a' => !no_such_overload
        'a' * 2 => !no_such_overload
        [1] * 2 => !no_such_overload
    "
    .replace(r"\q", "\"");
    assert!(check(&rows, &json!({})) > 50);
}

const EQUALITY_AND_ORDER: &str = "
        1 == 1 => true
        1 == 1u => true
        1u == 1.0 => true
        1 == 1.0 => true
        1 == 1.5 => false
        -1 == 18446744073709551615u => false
        9007199254740993 == 9007199254740992.0 => false
        9223372036854775807 == 9223372036854775808.0 => false
        1 != 1u => false
        1 != 2 => true
        1 == 'a' => false
        1 != 'a' => true
        1 == true => false
        null == null => true
        null == 0 => false
        'a' == 'a' => true
        'a' == b'a' => false
        b'a' == b'a' => true
        [1] == [1.0] => true
        [1, 2] == [1] => false
        [1, [2u]] == [1u, [2]] => true
        {'a': 1} == {'a': 1u} => true
        {'a': 1} == {'b': 1} => false
        {1: 2} == {1u: 2} => true
        {1: 2} == {'1': 2} => false
        [] == {} => false
        0.0 / 0.0 == 0.0 / 0.0 => false
        0.0 / 0.0 != 0.0 / 0.0 => true
        0.0 / 0.0 < 1.0 => false
        0.0 / 0.0 >= 1.0 => false
        0.0 / 0.0 > 1 => false
        -0.0 == 0.0 => true
        type(1) == int => true
        type(1u) == uint => true
        type(1.0) == double => true
        type('') == string => true
        type(b'') == bytes => true
        type(true) == bool => true
        type([]) == list => true
        type({}) == map => true
        type(null) == null_type => true
        type(int) == type => true
        type(1) == type(1u) => false
        1 < 2 => true
        2 < 1 => false
        1 < 1 => false
        1 <= 1 => true
        2 <= 1 => false
        2 > 1 => true
        1 > 1 => false
        1 >= 1 => true
        0 >= 1 => false
        1 < 2u => true
        -1 < 0u => true
        1 < 1.5 => true
        2 > 1.5 => true
        1u < 1.5 => true
        -2 < -1.5 => true
        -1 > -1.5 => true
        9007199254740993 > 9007199254740992.0 => true
        1 < 1e300 => true
        1 > -1e300 => true
        1 < 1.0 / 0.0 => true
        false < true => true
        true < false => false
        true <= true => true
        'a' < 'b' => true
        'a' < 'aa' => true
        'B' < 'a' => true
        'é' > 'z' => true
        b'a' < b'b' => true
        b'b' >= b'b' => true
        1 < 'a' => !no_such_overload
        'a' < b'a' => !no_such_overload
        null < null => !no_such_overload
        [1] < [2] => !no_such_overload
        {} >= {} => !no_such_overload
        true < 1 => !no_such_overload
        int < int => !no_such_overload
    ";

#[test]
fn equality_and_order() {
    assert!(check(EQUALITY_AND_ORDER, &json!({})) > 70);
}

const LOGIC_AND_PRECEDENCE: &str = "
        !true => false
        !false => true
        !!true => true
        !1 => !no_such_overload
        true && true => true
        true && false => false
        false || true => true
        false || false => false
        false && 1 / 0 > 0 => false
        1 / 0 > 0 && false => false
        true || 1 / 0 > 0 => true
        1 / 0 > 0 || true => true
        true && 1 / 0 > 0 => !division_by_zero
        1 / 0 > 0 && true => !division_by_zero
        false || 1 / 0 > 0 => !division_by_zero
        1 / 0 > 0 || 1 % 0 > 0 => !division_by_zero
        1 % 0 > 0 && 1 / 0 > 0 => !modulus_by_zero
        1 && false => false
        1 && true => !no_such_overload
        false && 1 => false
        'a' || true => true
        'a' || false => !no_such_overload
        null || null => !no_such_overload
        true ? 1 : 1 / 0 => 1
        false ? 1 / 0 : 2 => 2
        1 / 0 > 0 ? 1 : 1 => !division_by_zero
        1 ? 1 : 2 => !no_such_overload
        true ? 1 : 'a' => 1
        true ? false ? 1 : 2 : 3 => !expression.syntax
        false ? 1 : true ? 2 : 3 => 2
        1 + 2 * 3 => 7
        (1 + 2) * 3 => 9
        10 - 3 - 2 => 5
        100 / 10 / 2 => 5
        2 * 7 % 4 => 2
        -2 * 3 => -6
        1 + 1 == 2 => true
        1 < 2 == true => true
        true || false && false => true
        !true || true => true
        !(true || true) => false
        1 == 1 && 2 == 2 => true
        false || true ? 'y' : 'n' => \"y\"
        1 in [1] && true => true
        1 + 1 in [2] => true
        -[1][0] => -1
        !{'a': true}.a => false
        a && false => false
        false && a => false
        a || true => true
        true || a => true
        a && true => ?a
        a && b => ?a b
        b || a => ?a b
        a && 1 / 0 > 0 => ?a
        1 / 0 > 0 && a => ?a
        a || 1 / 0 > 0 => ?a
        1 / 0 > 0 || a => ?a
        a && 1 => ?a
        (a && 1 / 0 > 0) || true => true
        a && b && false => false
        (a || b) && c => ?a b c
        a + 1 / 0 => !division_by_zero
        1 / 0 + a => !division_by_zero
        a == b => ?a b
        a < 1 => ?a
        !a => ?a
        -a => ?a
        a ? 1 : 2 => ?a
        true ? a : b => ?a
        a ? 1 / 0 : 2 => ?a
    ";

#[test]
fn logic_and_precedence() {
    assert!(check(LOGIC_AND_PRECEDENCE, &json!({})) > 60);
}

const LISTS_MAPS_AND_MACROS: &str = "
        [1, 2] + [3] => [1,2,3]
        [] + [] => []
        [1, 2][0] => 1
        [1, 2][1] => 2
        [1, 2][2] => !index_out_of_range
        [1, 2][-1] => !index_out_of_range
        [][0] => !index_out_of_range
        [1][0u] => 1
        [1][0.0] => 1
        [1][0.5] => !no_such_overload
        [1]['a'] => !no_such_overload
        1[0] => !no_such_overload
        'abc'[0] => !no_such_overload
        {'a': 1}['a'] => 1
        {'a': 1}.a => 1
        {'a': 1}.b => !no_such_key
        {'a': 1}['b'] => !no_such_key
        {1: 'x'}[1u] => \"x\"
        {1: 'x'}[1.0] => \"x\"
        {1u: 'x'}[1] => \"x\"
        {1: 'x'}[1.5] => !no_such_key
        {true: 'x'}[true] => \"x\"
        {'a': 1}[null] => !no_such_overload
        {'a': 1, 'a': 2} => !duplicate_key
        {1: 1, 1u: 2} => !duplicate_key
        {1: 1, '1': 2} => !duplicate_key
        {1: 1, '1': 2}[1] => 1
        {1.5: 1} => !no_such_overload
        {null: 1} => !no_such_overload
        {[1]: 1} => !no_such_overload
        {'a': {'b': [10]}}.a.b[0] => 10
        1 in [1, 2] => true
        3 in [1, 2] => false
        1.0 in [1] => true
        'a' in [1, 'a'] => true
        1 in [] => false
        [1] in [[1]] => true
        'a' in {'a': 1} => true
        'b' in {'a': 1} => false
        1u in {1: 1} => true
        1.0 in {1: 1} => true
        1.5 in {1: 1} => false
        null in {'a': 1} => false
        1 in 1 => !no_such_overload
        'a' in 'abc' => !no_such_overload
        has({'a': 1}.a) => true
        has({'a': 1}.b) => false
        has({'a': null}.a) => true
        has({'a': {}}.a.b) => false
        has({}.a.b) => !no_such_key
        has([1].a) => !no_such_overload
        has(1) => !macro.form
        has(a.b) => ?a.b
        [1, 2].all(x, x > 0) => true
        [1, 2].all(x, x > 1) => false
        [].all(x, false) => true
        [1, 0].all(x, 1 / x > 5) => false
        [0, 1].all(x, 1 / x > 5) => false
        [0, 1].all(x, 1 / x > 0) => !division_by_zero
        [1, 2].exists(x, x > 1) => true
        [1, 2].exists(x, x > 2) => false
        [].exists(x, true) => false
        [0, 1].exists(x, 1 / x > 0) => true
        [0, 1].exists(x, 1 / x > 5) => !division_by_zero
        [1].all(x, x) => !no_such_overload
        [1, 2].exists_one(x, x > 1) => true
        [2, 2].exists_one(x, x > 1) => false
        [].exists_one(x, true) => false
        [0, 1].exists_one(x, 1 / x > 0) => !division_by_zero
        [1, 2, 3].filter(x, x > 1) => [2,3]
        [0].filter(x, 1 / x > 0) => !division_by_zero
        [1].filter(x, x) => !no_such_overload
        [1, 2].map(x, x * 2) => [2,4]
        [1, 2].map(x, x > 1, x * 2) => [4]
        [0].map(x, 1 / x) => !division_by_zero
        [[1, 2], [3]].map(x, x.map(y, y + size(x))) => [[3,4],[4]]
        [1].map(x, [2].map(x, x)) => [[2]]
        {'b': 1, 'a': 2}.map(k, k) => [\"a\",\"b\"]
        {'a': 1}.all(k, k == 'a') => true
        {'a': 1}.exists(k, k == 'b') => false
        1.all(x, true) => !no_such_overload
        'ab'.map(x, x) => !no_such_overload
        [1].all(1, true) => !macro.form
        [1].all(x) => !macro.form
        [1].filter(x, true, x) => !macro.form
        [a, 1].all(x, x > 1) => ?a
        [a, 2].all(x, x > 1) => ?a
        [a, 2].exists(x, x > 1) => ?a
        [a, 1].filter(x, x > 0) => ?a
        [a, b].map(x, x) => ?a b
        a.all(x, x > 0) => ?a
        a.map(x, 1) => ?a
        size([a, b]) => ?a b
        [a, 1][1] => ?a
        [a, 1] == [b, 2] => ?a b
        [a, 1] == [b, 1] => ?a b
        1 in [a, 1] => ?a
        2 in [a, 1] => ?a
        {'x': a}.x => ?a
        {'x': a} == {'y': 1} => ?a
        a[1] => ?a[1]
        a['b'].c => ?a.b.c
        a[b] => ?a b
    ";

#[test]
fn lists_maps_and_macros() {
    assert!(check(LISTS_MAPS_AND_MACROS, &json!({})) > 90);
}

const TEXT_AND_FUNCTIONS: &str = r#"
        'a' + 'b' => "ab"
        b'a' + b'b' => "YWI="
        'a' + b'b' => !no_such_overload
        'a' + 1 => !no_such_overload
        '\n\t\\' => "\n\t\\"
        '\x41\101\u4E2D' => "AA中"
        "\U0001F600" => "😀"
        r'\n' => "\\n"
        '''a'b''' => "a'b"
        b'\xff' => "/w=="
        size('中文') => 2
        size('😀') => 1
        size(b'中') => 3
        size('') => 0
        'abc'.size() => 3
        [1, 2].size() => 2
        size({'a': 1}) => 1
        size(1) => !no_such_overload
        size(null) => !no_such_overload
        'abc'.contains('b') => true
        'abc'.contains('') => true
        'abc'.contains('d') => false
        'abc'.startsWith('ab') => true
        'abc'.startsWith('b') => false
        'abc'.endsWith('bc') => true
        'abc'.endsWith('b') => false
        'abc'.contains(1) => !no_such_overload
        1.startsWith('a') => !no_such_overload
        'abc'.matches('b') => true
        'abc'.matches('^b') => false
        matches('abc', '^a.c$') => true
        'abc'.matches('(') => !bad_pattern
        'abc'.matches(1) => !no_such_overload
        int(1) => 1
        int(1u) => 1
        int(1.9) => 1
        int(-1.9) => -1
        int('12') => 12
        int('-12') => -12
        int('x') => !invalid_conversion
        int('1.5') => !invalid_conversion
        int(18446744073709551615u) => !overflow
        int(1e19) => !overflow
        int(9223372036854775808.0) => !overflow
        int(-9223372036854775808.0) => -9223372036854775808
        int(0.0 / 0.0) => !overflow
        int(true) => !no_such_overload
        int(null) => !no_such_overload
        uint(1) => 1
        uint(-1) => !overflow
        uint(1.9) => 1
        uint(-0.5) => 0
        uint(-1.0) => !overflow
        uint(18446744073709551616.0) => !overflow
        uint('5') => 5
        uint('-5') => !invalid_conversion
        double(1) => 1.0
        double(1u) => 1.0
        double('1.5') => 1.5
        double('1e3') => 1000.0
        double('x') => !invalid_conversion
        double(true) => !no_such_overload
        string(1) => "1"
        string(1u) => "1"
        string(1.5) => "1.5"
        string(true) => "true"
        string('a') => "a"
        string(b'a') => "a"
        string(b'\xff') => !invalid_conversion
        string(null) => !no_such_overload
        string([1]) => !no_such_overload
        bytes('中') => "5Lit"
        bytes(b'a') => "YQ=="
        bytes(1) => !no_such_overload
        bool('true') => true
        bool('0') => false
        bool('yes') => !invalid_conversion
        bool(true) => true
        bool(1) => !no_such_overload
        dyn(1) => 1
        type(1) => "int"
        type(type(1)) => "type"
        sum([1, 2, 3]) => 6
        sum([1.5, 2.5]) => 4.0
        sum([1u, 2u]) => 3
        sum([]) => 0
        sum([1, 1.5]) => !no_such_overload
        sum(['a', 'b']) => !no_such_overload
        sum(['a']) => !no_such_overload
        sum([9223372036854775807, 1]) => !overflow
        sum(1) => !no_such_overload
        min([3, 1, 2]) => 1
        max([3, 1.5, 4u]) => 4
        min(['b', 'a']) => "a"
        min([]) => !empty_list
        max([1, 'a']) => !no_such_overload
        max([null]) => !no_such_overload
        sum([a, 1]) => ?a
        sum([a, 'x']) => ?a
        min([a, b, 1]) => ?a b
        int(a) => ?a
        size(a) => ?a
        a.contains('x') => ?a
        nothing(1) => !name.unknown
        'a'.nothing() => !name.unknown
        size() => !function.arguments
        contains('a', 'b') => !name.unknown
        1 + => !expression.syntax
        Foo{a: 1} => !expression.form
    "#;

#[test]
fn text_and_functions() {
    assert!(check(TEXT_AND_FUNCTIONS, &json!({})) > 100);
}

#[test]
fn facts_that_are_known_missing_or_said_to_be_unknown() {
    let facts = json!({
        "n": 3, "big": 18_446_744_073_709_551_615_u64, "ratio": 3.0, "exp": 1e2, "type": "t",
        "applicant": { "name": "a", "income": { "$unknown": true }, "rows": [
            { "x": 1 }, { "$unknown": true }, { "x": { "$unknown": true } },
        ] },
        "nums": [{ "$unknown": true }, 5], "two": { "$unknown": true, "b": 1 }, "no": { "$unknown": false },
    });
    let rows = r#"
        type(n) => "int"
        type(big) => "uint"
        type(ratio) => "double"
        type(exp) => "double"
        type => "t"
        n + 1 => 4
        applicant.income > 3 => ?applicant.income
        applicant.income.monthly > 3 => ?applicant.income.monthly
        other.income > 3 => ?other.income
        other.income.monthly.net > 3 => ?other.income.monthly.net
        applicant.age => !no_such_key
        applicant.age > 1 || true => true
        applicant.age > 1 || other.x => ?other.x
        has(applicant.age) => false
        has(applicant.name) => true
        has(applicant.income) => ?applicant.income
        has(applicant.income.monthly) => ?applicant.income.monthly
        has(other.income) => ?other.income
        applicant.name == 'a' || other.x => true
        applicant.name == 'b' || other.x => ?other.x
        applicant.rows[0].x => 1
        applicant.rows[1].x => ?applicant.rows[1].x
        applicant.rows[2].x => ?applicant.rows[2].x
        applicant.rows.exists(r, r.x == 1) => true
        applicant.rows.all(r, r.x == 1) => ?applicant.rows[1].x applicant.rows[2].x
        applicant.rows.all(r, r.x == 2) => false
        applicant.rows => ?applicant.rows[1] applicant.rows[2].x
        size(applicant.rows) => 3
        size(applicant.rows.map(r, 1)) => 3
        applicant.rows.map(r, r) => ?applicant.rows[1]
        nums => ?nums[0]
        nums[1] => 5
        5 in nums => true
        6 in nums => ?nums[0]
        nums == [1, 6] => false
        nums == [1, 5] => ?nums[0]
        sum(nums) => ?nums[0]
        sum(nums + ['x']) => !no_such_overload
        nums.filter(r, r > 4) => ?nums[0]
        nums.exists(r, r > 4) => true
        nums.all(r, r > 5) => false
        applicant == {'name': 'b'} => false
        n.x => !no_such_overload
        n ? 1 : 2 => !no_such_overload
        size(two) => 2
        size(no) => 1
        n > 2 ? applicant.income : other => ?applicant.income
        {'k': applicant.income, 'j': other.y} => ?applicant.income other.y
    "#;
    assert!(check(rows, &facts) > 30);
}
