-- a column and a constraint of a table that is published are renamed without a row, and no row of the table follows
-- @strict
-- @@ first
create table pet (id int primary key, owner text not null, age int, constraint pet_age check (age > 0));
create table food (id int primary key, pet int constraint food_pet references pet);
-- @@ build
-- @@ second author=bob
alter table pet rename column owner to keeper;
create view pets as select id, keeper from pet;
-- @@ third
alter table food rename constraint food_pet to food_of_pet;
alter table pet rename constraint pet_age to pet_is_born;
create table house (id int primary key);
-- @@ build
-- @@ fourth
create view keepers as select keeper from pet;
