-- Whom the identity provider knows under which name: keyed digests, bound by an
-- administrator.

create table subjects (
    digest blob not null primary key,
    officer_id blob not null unique references accounts (officer_id)
) strict;
