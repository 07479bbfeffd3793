-- a text drops a foreign key of an older table by its whole name, of which the server keeps 63 bytes
-- @strict
-- @@ first setup
create table registration_requests (id serial primary key, std_no bigint not null, term_id int not null);
create table student_semesters (id serial primary key, term text not null, registration_request_id int);
alter table student_semesters add constraint "student_semesters_registration_request_id_registration_requests_id_fk" foreign key (registration_request_id) references registration_requests (id) on delete set null;
create table receipts (id serial primary key, registration_request_id int);
alter table receipts add constraint "receipts_registration_request_id_registration_requests_id_fk" foreign key (registration_request_id) references registration_requests (id) on delete set null;
create table cards (id serial primary key, registration_request_id int);
alter table cards add constraint "cards_registration_request_id_registration_requests_id_fk" foreign key (registration_request_id) references registration_requests (id) on delete set null;
-- @@ second client=psql1
alter table "student_semesters" add column "cms_id" integer;
-- @@ third client=psql1
ALTER TABLE "student_semesters" DROP CONSTRAINT "student_semesters_registration_request_id_registration_requests_id_fk";
ALTER TABLE "registration_requests" ADD COLUMN "student_semester_id" integer;
ALTER TABLE "student_semesters" DROP COLUMN "registration_request_id";
