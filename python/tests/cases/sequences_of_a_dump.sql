-- a dump is the baseline: each of its statements is a query, and the sequences have later names, or are gone
-- @strict
-- @@ baseline
CREATE SCHEMA app;
CREATE TABLE app."Orders" (
    "Id" bigint NOT NULL,
    note text
);
CREATE SEQUENCE app."Orders_Id_seq" START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE app."Orders_Id_seq" OWNED BY app."Orders"."Id";
CREATE TABLE public.payments (
    id integer NOT NULL,
    note text
);
CREATE SEQUENCE public.payments_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE public.payments_id_seq OWNED BY public.payments.id;
CREATE TABLE public.refunds (
    id integer NOT NULL
);
CREATE SEQUENCE public.refunds_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE public.refunds_id_seq OWNED BY public.refunds.id;
ALTER TABLE ONLY app."Orders" ALTER COLUMN "Id" SET DEFAULT nextval('app."Orders_Id_seq"'::regclass);
ALTER TABLE ONLY public.payments ALTER COLUMN id SET DEFAULT nextval('public.payments_id_seq'::regclass);
ALTER TABLE ONLY public.refunds ALTER COLUMN id SET DEFAULT nextval('public.refunds_id_seq'::regclass);
ALTER TABLE ONLY app."Orders" ADD CONSTRAINT "Orders_pkey" PRIMARY KEY ("Id");
-- @@ renamed client=script
ALTER TABLE app."Orders" RENAME TO orders;
ALTER TABLE app.orders RENAME "Id" TO id;
ALTER SEQUENCE app."Orders_Id_seq" RENAME TO orders_id_seq;
-- @@ renamed_by_an_orm
ALTER TABLE payments RENAME TO charges;
ALTER TABLE public.payments_id_seq RENAME TO charges_id_seq;
-- @@ dropped
DROP TABLE refunds;
-- @@ more
ALTER TABLE app.orders ADD COLUMN n int;
ALTER TABLE charges ADD COLUMN n int;
