"""Ordinary work by psycopg2 and psycopg 3 at the address in DATABASE_URL; prints what it saw."""
import io
import os
import threading

import psycopg
import psycopg2
import psycopg2.extras

url=os.environ['DATABASE_URL']
c=psycopg2.connect(url); cur=c.cursor()
cur.execute("select %s::int + 1, %s", (1,'x')); print(cur.fetchall())
cur.execute("insert into accounts(name) values (%s) returning id", ('py',)); print(cur.fetchone()); c.commit()
n=c.cursor('named'); n.itersize=3; n.execute("select id from orders order by 1"); print(len(list(n))); c.commit()
cur.copy_expert("copy accounts (id, name) from stdin", io.StringIO("900\tzz\n901\tyy\n")); c.commit()
o=io.StringIO(); cur.copy_expert("copy accounts to stdout", o); print(len(o.getvalue().splitlines())); c.commit()
try:
    cur.execute("select 1/0")
except Exception as e: print(type(e).__name__, e.pgcode)
c.rollback()
try:
    cur.execute("delete from orders"); c.commit()
except Exception as e: print(type(e).__name__, e.pgcode)
c.rollback()
c.autocommit=True
try: cur.execute("truncate orders")
except Exception as e: print(type(e).__name__, e.pgcode)
psycopg2.extras.execute_values(cur, "insert into accounts(id,name) values %s", [(1000+i,'v') for i in range(5)])
c.set_session(isolation_level='SERIALIZABLE', readonly=True, autocommit=False)
cur.execute("show transaction_read_only"); print(cur.fetchall()); c.commit()
c.close()
print('-- psycopg3')
with psycopg.connect(url) as c:
    for i in range(8):
        r=c.execute("select name from accounts where id=%s",(1,)).fetchone()
    print(r)
    with c.transaction():
        c.execute("insert into accounts(name) values (%s)",('p3',))
        try:
            with c.transaction():
                c.execute("select 1/0")
        except Exception as e: print(e.sqlstate)
        print(c.execute("select count(*) from accounts where name='p3'").fetchone())
    c.commit()
    with c.cursor(name='srv') as cur:
        cur.execute("select * from orders"); print(len(cur.fetchmany(4)))
    with c.cursor(binary=True) as cur:
        print(cur.execute("select %s::int8, now()::date", (5,)).fetchone()[0])
    with c.cursor().copy("copy orders (note) from stdin") as cp:
        for i in range(3): cp.write_row((f'c{i}',))
    c.commit()
    with c.cursor().copy("copy (select * from orders) to stdout") as cp: print(sum(1 for _ in cp.rows()))
    c.commit()
    with c.pipeline() as p:
        a=c.execute("select 1"); b=c.execute("select 2"); 
        print(a.fetchone(), b.fetchone())
    c.commit()
    try:
        with c.pipeline() as p:
            c.execute("insert into accounts(name) values ('pl1')")
            c.execute("insert into accounts(name) values ('pl2')")
            c.execute("select 1/0")
    except Exception as e: print(type(e).__name__, e.sqlstate)
    c.rollback()
    print(c.execute("select count(*) from accounts where name like 'pl%'").fetchone())
    cur=c.cursor(); cur.executemany("insert into accounts(name) values (%s) returning id", [('m1',),('m2',),('m3',)], returning=True)
    c.commit()
    try: c.execute("drop table orders"); c.commit()
    except Exception as e: print(type(e).__name__, e.sqlstate)
    c.rollback()
    c.execute("listen ch"); c.commit()
with psycopg.connect(url, autocommit=True) as c:
    c.cancel()
    t=threading.Timer(0.5, c.cancel); t.start()
    try: c.execute("select pg_sleep(5)")
    except Exception as e: print(e.sqlstate)
print('done')
