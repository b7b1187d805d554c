-- Whom the identity provider knows under which name: keyed digests, bound by an
-- administrator.

create table subjects (
    digest bytea not null primary key,
    officer_id uuid not null unique references accounts (officer_id)
);
